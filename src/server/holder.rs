//! Who holds a port: for messages that a person can act upon.
//!
//! `/proc/net/*` tells the socket's inode, and `/proc/PID/fd` whose it is. Other users' processes show only to root; then, and
//! where there is no `/proc`, the holder stays unnamed.
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const TABLES: [&str; 4] = ["/proc/net/udp", "/proc/net/udp6", "/proc/net/tcp", "/proc/net/tcp6"];
/// A TCP socket that listens, in those tables; a UDP socket that is bound.
const LISTENING: [&str; 2] = ["0A", "07"];

/// `asterisk (pid 812)`; several with commas.
pub fn of_port(port: u16) -> Option<String> {
    let inodes: BTreeSet<String> = TABLES
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(|line| inode(line, port)).collect::<Vec<_>>())
        .collect();
    let mut holders = Vec::new();
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if holds(&process.path(), &inodes) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            holders.push(format!("{} (pid {pid})", name.trim()));
        }
    }
    (!holders.is_empty()).then(|| holders.join(", "))
}

/// The inode of a line of the kernel's table, if it is about a socket bound to this port.
fn inode(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let bound = u16::from_str_radix(fields.get(1)?.rsplit_once(':')?.1, 16).ok()?;
    (bound == port && LISTENING.contains(fields.get(3)?))
        .then(|| fields.get(9).map(|inode| inode.to_string()))?
}

fn holds(process: &Path, inodes: &BTreeSet<String>) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
    files.flatten().filter_map(|file| fs::read_link(file.path()).ok()).any(|target| {
        let target = target.to_string_lossy();
        let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        inode.is_some_and(|inode| inodes.contains(inode))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    #[test]
    fn the_process_that_holds_a_port_is_named() {
        if !Path::new("/proc/net/udp").exists() {
            eprintln!("SKIPPED: no /proc here");
            return;
        }
        let own = format!("(pid {})", std::process::id());
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let holder = of_port(udp.local_addr().unwrap().port()).unwrap();
        assert!(holder.contains(&own), "{holder}");
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = of_port(tcp.local_addr().unwrap().port()).unwrap();
        assert!(holder.contains(&own), "{holder}");
    }
}
