//! Runs the simulator alone: `cargo run -p tidegate-simulator --example simulate [-- CONFIG.yaml]`.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use tidegate_simulator::{Simulator, SimulatorConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let config = match std::env::args().nth(1) {
        Some(path) => SimulatorConfig::from_yaml(&std::fs::read_to_string(path)?)?,
        None => SimulatorConfig::three_regions(),
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let running = Simulator::start(config).await?;
            let mut out = std::io::stdout();
            for resource in &running.resources {
                writeln!(
                    out,
                    "{} {} {} {}",
                    resource.name,
                    resource.region,
                    resource.url,
                    resource.key.expose()
                )?;
            }
            if let Some(url) = &running.admin_url {
                writeln!(out, "admin - {url}/admin/state -")?;
            }
            out.flush()?;
            tokio::signal::ctrl_c().await?;
            running.shutdown(Duration::from_secs(5)).await;
            Ok(())
        })
}
