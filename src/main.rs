//! The headless binary: `switchboard serve` and the commands that talk to it.

use std::process::ExitCode;

// The system allocator returns every large buffer to the kernel and fetches it again; with 2 MB conversations that
// is half of the work.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match switchboard::cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("switchboard: {error:#}");
            ExitCode::FAILURE
        }
    }
}
