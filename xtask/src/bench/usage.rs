//! What a process and its descendants use. Linux tells in `/proc`; elsewhere these figures are missing.

use super::process::Process;

/// CPU time so far, in microseconds.
pub(crate) fn cpu(process: &Process) -> Option<f64> {
    linux::cpu(process.id())
}

/// Resident memory, in bytes.
pub(crate) fn resident(process: &Process) -> Option<u64> {
    linux::resident(process.id())
}

/// How busy the machine is.
pub(crate) fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| Some(text.split_whitespace().next()?.to_owned()))
        .unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(not(target_os = "linux"))]
mod linux {
    pub(super) fn cpu(_: u32) -> Option<f64> {
        None
    }

    pub(super) fn resident(_: u32) -> Option<u64> {
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::fs;

    /// `/proc` counts CPU time in hundredths of a second on every architecture Rust supports.
    const TICK_US: f64 = 10_000.0;

    pub(super) fn cpu(root: u32) -> Option<f64> {
        let processes = stats();
        // User and system time are fields 14 and 15 of the file, 11 and 12 after the name and its bracket.
        let ticks = tree(&processes, root).into_iter().map(|id| {
            let fields = &processes[&id];
            fields[11].parse::<u64>().unwrap_or(0) + fields[12].parse::<u64>().unwrap_or(0)
        });
        processes.contains_key(&root).then(|| ticks.sum::<u64>() as f64 * TICK_US)
    }

    pub(super) fn resident(root: u32) -> Option<u64> {
        let of = |id: u32| {
            let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
        };
        of(root)?;
        Some(tree(&stats(), root).into_iter().filter_map(of).sum())
    }

    /// The fields of every `/proc/N/stat` after the name, which may itself hold spaces and brackets.
    fn stats() -> HashMap<u32, Vec<String>> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let read = entries.filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (_, fields) = stat.rsplit_once(')')?;
            Some((id, fields.split_whitespace().map(str::to_owned).collect()))
        });
        read.collect()
    }

    /// A process and all that descend from it.
    fn tree(processes: &HashMap<u32, Vec<String>>, root: u32) -> Vec<u32> {
        let mut found = vec![root];
        let mut at = 0;
        while let Some(parent) = found.get(at).map(u32::to_string) {
            found.extend(processes.iter().filter(|(_, fields)| fields[1] == parent).map(|(id, _)| *id));
            at += 1;
        }
        found.retain(|id| processes.contains_key(id));
        found
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn children_count() {
            let mut child =
                std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
            let own = std::process::id();
            let (processes, child_id) = (stats(), child.id());
            assert!(tree(&processes, own).contains(&child_id));
            assert!(!tree(&processes, child_id).contains(&own));
            assert!(cpu(own).is_some());
            assert!(resident(own) > resident(child_id));
            drop(child.stdin.take());
            child.wait().unwrap();
            assert!(resident(child_id).is_none());
        }
    }
}
