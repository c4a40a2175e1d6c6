//! What the guide shows must work.

use std::path::Path;

use tidegate_simulator::SimulatorConfig;
use tidegate_simulator::fault::FaultRule;

fn guide() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulator.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn configurations_in_the_guide_are_good() {
    let guide = guide();
    let examples: Vec<&str> = guide
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!examples.is_empty());
    for example in examples {
        let config = SimulatorConfig::from_yaml(example).unwrap();
        assert_eq!(config.resources[0].faults.len(), 1);
    }
}

#[test]
fn faults_in_the_guide_are_good() {
    let guide = guide();
    let bodies: Vec<&str> = guide
        .split("-d '")
        .skip(1)
        .filter_map(|rest| rest.split('\'').next())
        .collect();
    assert_eq!(bodies.len(), 2);
    for body in bodies {
        let list = if body.starts_with('[') {
            body.to_owned()
        } else {
            format!("[{body}]")
        };
        serde_json::from_str::<Vec<FaultRule>>(&list).unwrap();
    }
}

#[test]
fn the_guide_names_every_fault() {
    let guide = guide();
    for kind in [
        "status",
        "throttle",
        "refuse",
        "hang",
        "cut",
        "cutStream",
        "stallStream",
        "errorInStream",
        "slow",
        "garbage",
    ] {
        assert!(guide.contains(&format!("| `{kind}` |")), "{kind}");
    }
}
