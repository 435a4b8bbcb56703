//! Home folders that this machine sees beside the person's own: those of a Linux within Windows (WSL), and those of the
//! Windows around such a Linux. Editors stand on the one side and the tools they start on the other.

use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::{Machine, System};

/// Whose files are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Stable, of letters, digits and `-`; empty for the person's own.
    pub id: String,
    /// For people; empty for their own.
    pub name: String,
    pub(crate) machine: Machine,
}

impl Home {
    pub(crate) fn own(machine: &Machine) -> Self {
        Self { id: String::new(), name: String::new(), machine: machine.clone() }
    }

    /// Whether it is the person's own on this system.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        self.id.is_empty()
    }

    fn elsewhere(system: &str, folder: PathBuf) -> Option<Self> {
        let user = folder.file_name()?.to_str()?;
        let name = format!("{system} ({user})");
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        // Names that differ in other letters only are told apart too.
        let mark = &crate::change::digest(&folder.display().to_string().into())[..6];
        let id = format!("{}-{}-{mark}", system, user).chars().map(plain).collect();
        Some(Self { id, name, machine: Machine::elsewhere(folder) })
    }
}

/// The other homes, in order. The files of a Linux begin at `root`. Nothing is started for it: a Linux that does not run has none.
pub(crate) fn others(own: System, root: &Path) -> Vec<Home> {
    match own {
        System::Windows => within(Path::new(r"\\wsl.localhost"), &distributions(&running())),
        System::Linux => around(root),
        System::MacOs => Vec::new(),
    }
}

/// What Windows says of the distributions that run.
fn running() -> Vec<u8> {
    let mut command = std::process::Command::new("wsl.exe");
    command.args(["--list", "--running", "--quiet"]).env("WSL_UTF8", "1").stdin(std::process::Stdio::null());
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt;
        /// No console flashes up.
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        command.creation_flags(CREATE_NO_WINDOW);
    }
    // Most machines have none of it.
    command.output().map(|output| output.stdout).unwrap_or_default()
}

/// The names in a list by `wsl.exe`, which older versions write in UTF-16.
fn distributions(list: &[u8]) -> Vec<String> {
    let text = if list.contains(&0) {
        let units = list.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else {
        String::from_utf8_lossy(list).into_owned()
    };
    let plain = |name: &&str| !name.is_empty() && !name.contains(['/', '\\']) && *name != "..";
    // Docker's own have no people.
    let names = text.lines().map(|line| line.trim_matches(['\u{feff}', ' ', '\r'])).filter(plain);
    names.filter(|name| !name.starts_with("docker-desktop")).map(str::to_owned).collect()
}

/// The homes within distributions, whose files are shared at `share`.
fn within(share: &Path, distributions: &[String]) -> Vec<Home> {
    let homes = |name: &String| {
        let root = share.join(name);
        let mut folders = folders(&root.join("home"));
        // Only who works as root there may look into it.
        folders.extend(Some(root.join("root")).filter(|folder| fs::read_dir(folder).is_ok()));
        folders.into_iter().filter_map(|folder| Home::elsewhere(name, folder)).collect::<Vec<_>>()
    };
    distributions.iter().flat_map(homes).collect()
}

/// The homes of the Windows around a Linux whose files begin at `root`; none where there is no Windows.
fn around(root: &Path) -> Vec<Home> {
    let marks = ["WSLInterop", "WSLInterop-late"];
    let is_within = |mark: &&str| root.join("proc/sys/fs/binfmt_misc").join(mark).exists();
    if !marks.iter().any(is_within) {
        return Vec::new();
    }
    let people = folders(&root.join("mnt/c/Users")).into_iter();
    // What Windows keeps there for nobody is no home, or may not be looked into.
    let homes = people.filter(|folder| folder.join("AppData").is_dir() && !folder.ends_with("Default"));
    homes.filter_map(|folder| Home::elsewhere("Windows", folder)).collect()
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_both_kinds_are_read() {
        let plain = "Ubuntu\r\nDebian-12\r\ndocker-desktop\r\n\r\n";
        let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(distributions(plain.as_bytes()), ["Ubuntu", "Debian-12"]);
        assert_eq!(distributions(&wide), ["Ubuntu", "Debian-12"]);
        assert!(distributions(b"..\n\\\\server\\share\n").is_empty());
    }

    #[test]
    fn the_homes_of_a_linux_within_are_found() {
        let share = tempfile::tempdir().unwrap();
        for folder in ["Ubuntu/home/me", "Ubuntu/home/Jörg", "Ubuntu/root", "Other/home/you"] {
            fs::create_dir_all(share.path().join(folder)).unwrap();
        }
        let homes = within(share.path(), &["Ubuntu".to_owned(), "gone".to_owned()]);
        let names: Vec<_> = homes.iter().map(|home| home.name.as_str()).collect();
        assert_eq!(names, ["Ubuntu (Jörg)", "Ubuntu (me)", "Ubuntu (root)"]);
        assert!(homes.iter().all(|home| home.machine.system == System::Linux && !home.is_own()));
        assert!(homes[0].id.starts_with("ubuntu-j-rg-"), "{}", homes[0].id);
        assert_eq!(homes, within(share.path(), &["Ubuntu".to_owned()]), "they keep their ids");
    }

    #[test]
    fn the_homes_of_the_windows_around_are_found() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["mnt/c/Users/me/AppData", "mnt/c/Users/Default/AppData", "mnt/c/Users/Public"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        assert!(around(root.path()).is_empty(), "a Linux with a disk of Windows is not within it");
        fs::create_dir_all(root.path().join("proc/sys/fs/binfmt_misc")).unwrap();
        fs::write(root.path().join("proc/sys/fs/binfmt_misc/WSLInterop"), "enabled").unwrap();
        let homes = around(root.path());
        assert_eq!(homes.iter().map(|home| home.name.as_str()).collect::<Vec<_>>(), ["Windows (me)"]);
        assert_eq!(homes[0].machine.settings(), root.path().join("mnt/c/Users/me/AppData/Roaming"));
    }
}
