//! Puts the window's pages into the binary.
//!
//! Without them (nobody ran `npm run build` in `ui/`) the table is empty and the window says so; a release is not built
//! like that unless `SWITCHBOARD_WITHOUT_UI` says that it is meant.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use flate2::{Compression, Crc};

fn main() -> io::Result<()> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let dist = root.join("ui").join("dist");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=SWITCHBOARD_WITHOUT_UI");
    // Cargo takes a folder that is not there for one that has changed, and would build us anew each time.
    fs::create_dir_all(&dist)?;
    println!("cargo:rerun-if-changed=ui/dist");
    let mut files = Vec::new();
    collect(&dist, &mut files)?;
    files.sort();
    let meant = std::env::var_os("SWITCHBOARD_WITHOUT_UI").is_some();
    if files.is_empty() && std::env::var("PROFILE").is_ok_and(|profile| profile == "release") && !meant {
        return Err(io::Error::other(
            "ui/dist is empty: run `npm ci && npm run build` in ui/, or set SWITCHBOARD_WITHOUT_UI=1 for a build without its window",
        ));
    }
    let mut table = String::from("&[\n");
    for (number, file) in files.iter().enumerate() {
        let Some(path) = file.strip_prefix(&dist).ok().and_then(Path::to_str) else { continue };
        let path = path.replace('\\', "/");
        entry(&mut table, &out, number, &path, &fs::read(file)?)?;
    }
    table.push(']');
    fs::write(out.join("pages.rs"), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        // Maps are for those who have the sources.
        let map = path.extension().is_some_and(|extension| extension == "map");
        if path.is_dir() {
            collect(&path, files)?;
        } else if !hidden && !map {
            files.push(path);
        }
    }
    Ok(())
}

/// Writes the file as it is served, and its line of the table.
fn entry(table: &mut String, out: &Path, number: usize, path: &str, content: &[u8]) -> io::Result<()> {
    let (content_type, text) = kind(path);
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(content)?;
    let gzip = packer.finish()?;
    let packed = text && gzip.len() < content.len();
    let body = out.join(format!("page-{number}"));
    fs::write(&body, if packed { &gzip } else { content })?;
    let mut crc = Crc::new();
    crc.update(content);
    let etag = format!("\"{:08x}-{:x}\"", crc.sum(), content.len());
    // The bundler puts what it names by content into one folder.
    let immutable = path.starts_with("assets/");
    writeln!(
        table,
        "gateway::Asset {{ path: {:?}, content_type: {content_type:?}, body: include_bytes!({body:?}), packed: {packed}, etag: {etag:?}, immutable: {immutable} }},",
        format!("/{path}"),
    )
    .map_err(io::Error::other)
}

/// Content type, and whether packing pays.
fn kind(path: &str) -> (&'static str, bool) {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => ("text/html; charset=utf-8", true),
        "js" | "mjs" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "json" | "webmanifest" => ("application/json", true),
        "svg" => ("image/svg+xml", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "png" => ("image/png", false),
        "ico" => ("image/x-icon", false),
        "woff2" => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    }
}
