//! Files that the window's page gives away.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tauri::webview::DownloadEvent;
use tauri::{AppHandle, Manager};

use crate::desktop::DesktopExt;
use crate::notification;

/// Exports, which the page makes: into the folder for downloads, or the home folder. Web views say nothing about it, so
/// we do.
pub(crate) fn follow(app: &AppHandle, event: DownloadEvent<'_>) {
    match event {
        DownloadEvent::Requested { destination, .. } => {
            let name = destination.file_name().map(OsStr::to_owned).unwrap_or_else(|| "export".into());
            let paths = app.path();
            if let Some(folder) =
                paths.download_dir().ok().filter(|dir| dir.is_dir()).or(paths.home_dir().ok())
            {
                *destination = free_name(&folder, Path::new(&name));
            }
        }
        DownloadEvent::Finished { path: Some(path), success: true, .. } => {
            if let Err(error) = make_private(&path) {
                tracing::warn!(%error, "an export may be readable for others");
            }
            let path = path.display().to_string();
            notification::show(app, &app.desktop().words().say("tray.saved", &[("path", &path)]));
        }
        _ => {}
    }
}

/// `name` in `folder`, numbered where that is taken.
fn free_name(folder: &Path, name: &Path) -> PathBuf {
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let ending = name.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    let numbered = (1..1000).map(|number| folder.join(format!("{stem} ({number}){ending}")));
    std::iter::once(folder.join(name))
        .chain(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join(name))
}

/// Logs name models and clients: for this person alone.
fn make_private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
