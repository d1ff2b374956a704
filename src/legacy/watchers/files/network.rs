//! File systems that tell nothing of what other machines change in them.

use std::path::Path;

/// By the magic numbers of statfs(2).
#[cfg(target_os = "linux")]
const KINDS: &[(u32, &str)] = &[
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
];

/// The kind of network file system that a folder is on; `None` for others, and where the system does not say.
#[cfg(target_os = "linux")]
pub(in crate::legacy::watchers) fn network_file_system(folder: &Path) -> Option<&'static str> {
    // The width of the number differs between machines, and its sign too.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let magic = rustix::fs::statfs(folder).ok()?.f_type as u32;
    kind_of(magic)
}

/// The kind of network file system that a folder is on; `None` for others, and where the system does not say.
#[cfg(not(target_os = "linux"))]
pub(in crate::legacy::watchers) fn network_file_system(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(target_os = "linux")]
fn kind_of(magic: u32) -> Option<&'static str> {
    KINDS.iter().find(|(number, _)| *number == magic).map(|(_, name)| *name)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn nfs_cifs_and_fuse_are_network_file_systems_and_ext4_and_tmpfs_are_not() {
        for (magic, kind) in [
            (0x6969, Some("NFS")),
            (0xff53_4d42, Some("CIFS")),
            (0x6573_5546, Some("FUSE")),
            (0xef53, None),
            (0x0102_1994, None),
        ] {
            assert_eq!(kind_of(magic), kind, "{magic:x}");
        }
        assert_eq!(network_file_system(Path::new("/proc")), None);
    }
}
