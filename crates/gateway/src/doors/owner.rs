//! Who holds a port.

/// The name of the program that listens on a TCP port of this machine, as far as the system shows it to us: of other
/// people's programs Linux shows nothing, other systems have no files to read it from. Blocks for some milliseconds.
#[must_use]
pub fn owner_of(port: u16) -> Option<String> {
    if cfg!(target_os = "linux") { linux(port) } else { None }
}

fn linux(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).ok());
    let sockets: Vec<String> = tables.iter().flatten().flat_map(|table| listening(table, port)).collect();
    if sockets.is_empty() {
        return None;
    }
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let files = std::fs::read_dir(process.path().join("fd")).ok()?;
        let ours = files.flatten().any(|file| {
            std::fs::read_link(file.path())
                .is_ok_and(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
        });
        if !ours {
            return None;
        }
        let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        Some(format!("{} (process {pid})", name.trim()))
    })
}

/// The sockets that listen on `port`, as links in `/proc/PID/fd` name them. `table` is in the form of `/proc/net/tcp`.
fn listening(table: &str, port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let rows = table.lines().skip(1).map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    rows.filter(|row| {
        let local = row.get(1).and_then(|address| address.rsplit_once(':'));
        row.get(3) == Some(&LISTEN)
            && local.and_then(|(_, hex)| u16::from_str_radix(hex, 16).ok()) == Some(port)
    })
    .filter_map(|row| Some(format!("socket:[{}]", row.get(9)?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_listening_sockets_alone() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
   0: 0100007F:1310 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000 100 0 0 10 0\n\
   1: 0100007F:1310 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000 20 4 30 10 -1\n\
   2: 0100007F:1311 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0000 100 0 0 10 0\n";
        assert_eq!(listening(table, 4880), ["socket:[4711]"]);
        assert!(listening(table, 80).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_a_program_that_listens() {
        let socket = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let owner = owner_of(socket.local_addr().unwrap().port()).unwrap();
        assert!(owner.ends_with(&format!("(process {})", std::process::id())), "{owner}");
    }
}
