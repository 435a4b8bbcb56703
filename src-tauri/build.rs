//! Windows resources and the checked configuration.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The window may call nothing of the shell, so there are no capabilities. Without a pattern of our own Tauri has the
    // folder for them watched, which does not exist: everything would be built anew each time.
    let attributes = tauri_build::Attributes::new().capabilities_path_pattern("capabilities/*");
    Ok(tauri_build::try_build(attributes)?)
}
