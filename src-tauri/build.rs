//! Windows resources and the checked configuration.

fn main() {
    tauri_build::build();
}
