//! Tests of the loader as a whole, over files.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use super::*;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("tidegate-model-{}-{number}", process::id()));
        for (name, text) in files {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn options(named_values: &[(&str, &str)], environment: &[(&str, &str)]) -> LoadOptions {
    let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let environment = own(environment);
    LoadOptions {
        named_values: own(named_values),
        env: Some(Arc::new(move |name| {
            environment
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        })),
        ..LoadOptions::default()
    }
}

fn load_yaml(text: &str) -> Loaded {
    load_yaml_with(text, &options(&[], &[]))
}

fn load_yaml_with(text: &str, options: &LoadOptions) -> Loaded {
    let folder = Folder::new(&[("tidegate.yaml", text)]);
    load(&folder.0, options)
}

/// `line:column code message` of each finding, errors only.
fn errors(loaded: &Loaded) -> Vec<String> {
    findings(loaded, Severity::Error)
}

fn warnings(loaded: &Loaded) -> Vec<String> {
    findings(loaded, Severity::Warning)
}

fn findings(loaded: &Loaded, severity: Severity) -> Vec<String> {
    loaded
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == severity)
        .map(|diagnostic| {
            let place = diagnostic.place.as_ref().map_or_else(String::new, |place| {
                let (line, column) = place.file.line_column(place.range.start);
                format!("{line}:{column} ")
            });
            format!("{place}{} {}", diagnostic.code, diagnostic.message)
        })
        .collect()
}

fn service(loaded: Loaded) -> Service {
    assert_eq!(errors(&loaded), Vec::<String>::new());
    loaded.service.expect("a service without errors")
}

mod extract;
mod own_file;
