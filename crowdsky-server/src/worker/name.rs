//! What a worker calls itself.

/// The longest part of a host's name; the server keeps 64 characters of the whole.
const LONGEST_HOST: usize = 50;

/// Host name and process number: tells the workers of a list apart, and where to look for one.
pub fn default_name() -> String {
    let host = host_name();
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect();
    let host = &host[..host.len().min(LONGEST_HOST)];
    format!("{}-{}", if host.is_empty() { "worker" } else { host }, std::process::id())
}

#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_called_after_its_host_and_process() {
        let name = default_name();
        let (host, process) = name.rsplit_once('-').unwrap_or_default();
        assert_eq!(process, std::process::id().to_string());
        assert!(!host.is_empty() && host_name().starts_with(host), "{name}");
    }
}
