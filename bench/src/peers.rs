//! What stands in the table: the floor, Tidegate with each of its configurations, nginx, haproxy, Envoy.
//!
//! In: a name and the ports. Out: the command that starts it, or the reason why it cannot be started. Peers' configurations are
//! templates in `bench/peers`, Tidegate's are the folders in `bench/configs`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::exists;
use crate::scenario::Scenario;

/// Where everybody listens. Fixed, so that configurations can name the upstreams.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// The proxy under measurement.
    pub proxy: SocketAddr,
    /// Tidegate's admin listener.
    pub admin: SocketAddr,
    /// The mock's ports; the third is the one that throttles.
    pub upstreams: [SocketAddr; 3],
}

impl Default for Ports {
    fn default() -> Self {
        let port = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            proxy: port(18000),
            admin: port(18001),
            upstreams: [port(18081), port(18082), port(18083)],
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// The bare hyper proxy of this package.
    Floor,
    /// A proxy on hyper-util's client, also of this package.
    Plain,
    /// Tidegate with a configuration folder.
    Tidegate(PathBuf, Build),
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
    /// Envoy.
    Envoy,
}

/// How Tidegate was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// By `cargo build --release`.
    Plain,
    /// With a profile, by the command `pgo`.
    Guided,
}

/// Folders the runner uses.
#[derive(Debug, Clone)]
pub struct Folders {
    /// `bench` in the source tree.
    pub bench: PathBuf,
    /// Scratch: filled-in configurations, logs, the virtual environment.
    pub scratch: PathBuf,
    plain: PathBuf,
    guided: PathBuf,
}

impl Folders {
    /// The folders of this source tree.
    pub fn here() -> std::io::Result<Self> {
        let bench = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let root = bench.parent().unwrap_or(&bench);
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let scratch = target.join("bench");
        fs::create_dir_all(&scratch)?;
        Ok(Self {
            plain: target.join("release/tidegate"),
            guided: target.join("pgo/tidegate"),
            bench,
            scratch,
        })
    }

    /// Where a build of Tidegate is.
    pub fn program(&self, build: Build) -> &Path {
        match build {
            Build::Plain => &self.plain,
            Build::Guided => &self.guided,
        }
    }

    /// The same folders with another plain build.
    #[must_use]
    pub fn with_plain(&self, plain: PathBuf) -> Self {
        Self {
            plain,
            ..self.clone()
        }
    }

    /// The builds there are. The plain one counts in any case: where it is absent, its rows say how to make it.
    pub fn builds(&self) -> Vec<Build> {
        let mut builds = vec![Build::Plain];
        if self.guided.is_file() {
            builds.push(Build::Guided);
        }
        builds
    }

    /// Where `setup` puts Envoy.
    pub fn envoy(&self) -> PathBuf {
        self.scratch.join("venv/bin/envoy")
    }
}

impl Peer {
    /// Every row, Tidegate once for each folder in `bench/configs` and each build.
    pub fn all(folders: &Folders) -> Vec<Self> {
        let mut configurations: Vec<PathBuf> = fs::read_dir(folders.bench.join("configs"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .collect();
        configurations.sort();
        let mut all = vec![Self::Floor, Self::Plain];
        for build in folders.builds() {
            let of_build = |folder: &PathBuf| Self::Tidegate(folder.clone(), build);
            all.extend(configurations.iter().map(of_build));
        }
        all.extend([Self::Nginx, Self::Haproxy, Self::Envoy]);
        all
    }

    /// Name in the table and for `--only`.
    pub fn name(&self) -> String {
        match self {
            Self::Floor => "floor".to_owned(),
            Self::Plain => "hyper-util".to_owned(),
            Self::Tidegate(path, build) => {
                let configuration = path.file_name().unwrap_or_default().to_string_lossy();
                match build {
                    Build::Plain => format!("tidegate {configuration}"),
                    Build::Guided => format!("tidegate {configuration} pgo"),
                }
            }
            Self::Nginx => "nginx".to_owned(),
            Self::Haproxy => "haproxy".to_owned(),
            Self::Envoy => "envoy".to_owned(),
        }
    }

    /// Why a scenario cannot be measured with this peer.
    pub fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        match (self, scenario) {
            (Self::Haproxy, Scenario::Throttled) if !haproxy_retries_429() => {
                Some("this version cannot retry a 429")
            }
            _ => None,
        }
    }

    /// Whether valgrind can run it: one process that ends on SIGTERM.
    pub fn counts_instructions(&self) -> bool {
        !matches!(self, Self::Envoy)
    }

    /// Program and arguments.
    pub fn command(&self, folders: &Folders, ports: Ports) -> Result<Vec<String>, String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let need = |program: &str| {
            if exists(program) {
                Ok(())
            } else {
                Err(format!(
                    "{program} is not installed: run `cargo run --release -p tidegate-bench -- setup`"
                ))
            }
        };
        match self {
            Self::Floor | Self::Plain => {
                let own = std::env::current_exe().map_err(|error| error.to_string())?;
                let task = if *self == Self::Floor {
                    "floor"
                } else {
                    "plain"
                };
                Ok(vec![text(&own), task.to_owned()])
            }
            Self::Tidegate(configuration, build) => {
                let program = folders.program(*build);
                if !program.is_file() {
                    let shown = program.display();
                    return Err(format!(
                        "{shown} is not built: run `cargo build --release -p tidegate`"
                    ));
                }
                let arguments = [
                    "run",
                    "--config",
                    &text(configuration),
                    "--listen",
                    &ports.proxy.to_string(),
                    "--admin",
                    &ports.admin.to_string(),
                ];
                Ok(std::iter::once(text(program))
                    .chain(arguments.map(str::to_owned))
                    .collect())
            }
            Self::Nginx => {
                need("nginx")?;
                let filled = self.fill(folders, ports, "nginx.conf")?;
                let prefix = format!("{}/", folders.scratch.display());
                Ok(["nginx", "-p", &prefix, "-c", &filled]
                    .map(str::to_owned)
                    .to_vec())
            }
            Self::Haproxy => {
                need("haproxy")?;
                let filled = self.fill(folders, ports, "haproxy.cfg")?;
                Ok(["haproxy", "-db", "-f", &filled]
                    .map(str::to_owned)
                    .to_vec())
            }
            Self::Envoy => {
                let program = text(&folders.envoy());
                need(&program)?;
                let filled = self.fill(folders, ports, "envoy.yaml")?;
                let arguments = [
                    "-c",
                    &filled,
                    "--concurrency",
                    "1",
                    "--log-level",
                    "error",
                    "--use-dynamic-base-id",
                ];
                Ok(std::iter::once(program)
                    .chain(arguments.map(str::to_owned))
                    .collect())
            }
        }
    }

    /// Writes a peer's configuration with the ports filled in.
    fn fill(&self, folders: &Folders, ports: Ports, file: &str) -> Result<String, String> {
        let template = folders.bench.join("peers").join(file);
        let mut text = fs::read_to_string(&template)
            .map_err(|error| format!("cannot read {}: {error}", template.display()))?;
        let mut values = vec![
            ("@DIR@".to_owned(), folders.scratch.display().to_string()),
            ("@LISTEN@".to_owned(), ports.proxy.to_string()),
            ("@LISTEN_HOST@".to_owned(), ports.proxy.ip().to_string()),
            ("@LISTEN_PORT@".to_owned(), ports.proxy.port().to_string()),
            (
                "@UPSTREAM_HOST@".to_owned(),
                ports.upstreams[0].ip().to_string(),
            ),
            (
                "@RETRY@".to_owned(),
                if haproxy_retries_429() {
                    "retry-on 429"
                } else {
                    ""
                }
                .to_owned(),
            ),
        ];
        for (number, upstream) in (1..).zip(ports.upstreams) {
            values.push((format!("@UPSTREAM{number}@"), upstream.to_string()));
            values.push((
                format!("@UPSTREAM_PORT{number}@"),
                upstream.port().to_string(),
            ));
        }
        for (place, value) in values {
            text = text.replace(&place, &value);
        }
        let filled = folders.scratch.join(file);
        fs::write(&filled, text)
            .map_err(|error| format!("cannot write {}: {error}", filled.display()))?;
        Ok(filled.to_string_lossy().into_owned())
    }
}

/// `retry-on 429` came with HAProxy 3.0.
fn haproxy_retries_429() -> bool {
    let Ok(output) = Command::new("haproxy")
        .arg("-v")
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin")
        .output()
    else {
        return false;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let major = text
        .split_whitespace()
        .find_map(|word| word.split_once('.')?.0.parse::<u32>().ok());
    major.is_some_and(|major| major >= 3)
}
