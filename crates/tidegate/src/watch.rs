//! The files of a configuration, watched: in flow their paths, out flows a nudge whenever something near them changes.
//!
//! A nudge is no more than a reason to compare [`fingerprint`]s: links in the path of a file may be swapped
//! (`current -> releases/2`, the `..data` of a mounted Kubernetes ConfigMap), editors replace files, and folders hold
//! files that are none of our business. What counts is whether reading again would read something else.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// Bytes of a file that are compared; the loader reads no longer ones.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Links followed from one path.
const MAX_LINKS: usize = 40;

/// What stands at these paths: contents of files, names in folders.
pub fn fingerprint(paths: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        path.hash(&mut hasher);
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                let mut content = Vec::new();
                let read = fs::File::open(path)
                    .and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut content));
                (read.is_ok(), content).hash(&mut hasher);
            }
            Ok(metadata) if metadata.is_dir() => {
                let mut names: Vec<_> = fs::read_dir(path)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|entry| entry.file_name())
                    .collect();
                names.sort_unstable();
                names.hash(&mut hasher);
            }
            other => other.is_ok().hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// Whether any of these files was written at this time or later. Times in the future mean nothing: another machine's
/// clock made them.
pub fn written_since(paths: &[PathBuf], since: SystemTime) -> bool {
    let now = SystemTime::now();
    paths.iter().any(|path| {
        fs::metadata(path)
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|modified| modified >= since && modified <= now)
    })
}

/// Watches the surroundings of these paths for as long as the result lives.
pub fn watch(paths: &[PathBuf], changed: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let handler = move |event: notify::Result<notify::Event>| {
        // Reading is no change. A full channel already holds a nudge.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = changed.try_send(());
        }
    };
    let mut watcher = match notify::recommended_watcher(handler) {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!("files are not watched, use SIGHUP to reload: {error}");
            return None;
        }
    };
    let mut folders: Vec<PathBuf> = paths.iter().flat_map(|path| surroundings(path)).collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        if let Err(error) = watcher.watch(&folder, RecursiveMode::NonRecursive) {
            tracing::warn!(folder = %folder.display(), "not watched: {error}");
        }
    }
    Some(watcher)
}

/// The folders in which something must change for the path to lead to something else: the one that holds it (files
/// themselves are replaced rather than changed), the folder itself where it is one, and those of all links on the way.
fn surroundings(path: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut path = match std::path::absolute(path) {
        Ok(path) => path,
        Err(_) => return folders,
    };
    if path.is_dir() {
        folders.push(path.clone());
    }
    for _ in 0..MAX_LINKS {
        folders.extend(nearest_folder(&path));
        let Some((link, target)) = first_link(&path) else {
            break;
        };
        let parent = link.parent().unwrap_or(Path::new("/"));
        folders.extend(nearest_folder(&link));
        let rest = path.strip_prefix(&link).unwrap_or(Path::new(""));
        path = parent.join(target).join(rest);
    }
    folders
}

/// The closest folder above a path that exists.
fn nearest_folder(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .skip(1)
        .find(|folder| folder.is_dir())
        .map(Path::to_owned)
}

/// The topmost link on the way to a path, and where it leads.
fn first_link(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let ancestors: Vec<&Path> = path.ancestors().collect();
    ancestors
        .into_iter()
        .rev()
        .find_map(|ancestor| Some((ancestor.to_owned(), fs::read_link(ancestor).ok()?)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir()
                .canonicalize()
                .expect("there is a folder for temporary files")
                .join(format!("tidegate-watch-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("it can be made");
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_fingerprint_follows_contents_names_and_links() {
        let folder = Folder::new("fingerprint");
        let (one, two) = (folder.0.join("one"), folder.0.join("two"));
        fs::write(&one, "1").expect("written");
        fs::write(&two, "2").expect("written");
        let link = folder.0.join("link");
        symlink("one", &link).expect("linked");
        let paths = vec![link.clone(), folder.0.clone(), folder.0.join("missing")];
        let first = fingerprint(&paths);
        assert_eq!(fingerprint(&paths), first);
        fs::remove_file(&link).expect("removed");
        symlink("two", &link).expect("linked");
        let second = fingerprint(&paths);
        assert_ne!(second, first);
        fs::write(folder.0.join("missing"), "").expect("written");
        assert_ne!(fingerprint(&paths), second);
    }

    #[test]
    fn the_folders_of_all_links_on_the_way_are_watched() {
        let folder = Folder::new("links");
        let inner = folder.0.join("releases/..v1");
        fs::create_dir_all(&inner).expect("made");
        fs::write(inner.join("file"), "").expect("written");
        symlink("..v1", folder.0.join("releases/..data")).expect("linked");
        symlink("..data/file", folder.0.join("releases/file")).expect("linked");
        symlink("releases", folder.0.join("current")).expect("linked");
        let found = surroundings(&folder.0.join("current/file"));
        for expected in [folder.0.clone(), folder.0.join("releases"), inner] {
            assert!(found.contains(&expected), "{expected:?} in {found:?}");
        }
    }

    #[test]
    fn a_time_in_the_future_is_no_change() {
        let folder = Folder::new("future");
        let path = folder.0.join("file");
        let file = fs::File::create(&path).expect("made");
        let before = SystemTime::now() - std::time::Duration::from_secs(60);
        assert!(written_since(std::slice::from_ref(&path), before));
        let tomorrow = SystemTime::now() + std::time::Duration::from_secs(86_400);
        file.set_modified(tomorrow).expect("it is ours");
        assert!(!written_since(&[path], before));
    }

    #[test]
    fn links_in_a_circle_end() {
        let folder = Folder::new("circle");
        symlink("b", folder.0.join("a")).expect("linked");
        symlink("a", folder.0.join("b")).expect("linked");
        assert!(surroundings(&folder.0.join("a")).contains(&folder.0));
        fingerprint(&[folder.0.join("a")]);
    }
}
