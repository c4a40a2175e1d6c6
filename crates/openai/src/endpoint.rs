//! Operations and URL paths of the Azure OpenAI data plane.
//!
//! In: a request path. Out: which operation on which deployment it names, or the reverse. Never looks at a host or a query.

use std::borrow::Cow;
use std::fmt;

/// The latest dated API version with general availability for inference.
pub const LATEST_API_VERSION: &str = "2024-10-21";

/// An inference operation that spends tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `POST …/chat/completions`
    ChatCompletions,
    /// `POST …/completions` (legacy)
    Completions,
    /// `POST …/embeddings`
    Embeddings,
}

impl Operation {
    /// All operations, in a stable order.
    pub const ALL: [Operation; 3] = [
        Operation::ChatCompletions,
        Operation::Completions,
        Operation::Embeddings,
    ];

    /// The operation as error messages and the API specification name it, such as `ChatCompletions_Create`.
    pub const fn id(self) -> &'static str {
        match self {
            Operation::ChatCompletions => "ChatCompletions_Create",
            Operation::Completions => "Completions_Create",
            Operation::Embeddings => "Embeddings_Create",
        }
    }

    /// The word used for it in `OperationNotSupported` errors.
    pub const fn noun(self) -> &'static str {
        match self {
            Operation::ChatCompletions => "chatCompletion",
            Operation::Completions => "completions",
            Operation::Embeddings => "embeddings",
        }
    }

    /// The end of the path, such as `chat/completions`.
    pub const fn path(self) -> &'static str {
        match self {
            Operation::ChatCompletions => "chat/completions",
            Operation::Completions => "completions",
            Operation::Embeddings => "embeddings",
        }
    }

    fn from_path(path: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.path() == path)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

/// What a request path below a resource's endpoint means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// `/openai/deployments/{deployment}/{operation}`: needs `api-version`.
    Dated {
        /// The deployment's name, percent-decoding not applied.
        deployment: &'a str,
        /// The operation.
        operation: Operation,
    },
    /// `/openai/v1/{operation}`: the body's `model` member names the deployment.
    V1(Operation),
    /// `/openai/deployments` or `/openai/deployments/{deployment}`
    Deployments(Option<&'a str>),
    /// `/openai/models` or `/openai/models/{model}`
    Models(Option<&'a str>),
    /// `/openai/v1/models` or `/openai/v1/models/{model}`
    V1Models(Option<&'a str>),
    /// `/`
    Root,
    /// Anything else.
    Unknown,
}

impl<'a> Endpoint<'a> {
    /// Reads a path such as `/openai/deployments/chat/chat/completions`. One slash at the end is forgiven.
    pub fn parse(path: &'a str) -> Self {
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() {
            return Endpoint::Root;
        }
        let Some(rest) = path.strip_prefix("/openai/") else {
            return Endpoint::Unknown;
        };
        if let Some(v1) = rest.strip_prefix("v1/") {
            return match v1.strip_prefix("models") {
                Some("") => Endpoint::V1Models(None),
                Some(name) => {
                    named(name).map_or(Endpoint::Unknown, |n| Endpoint::V1Models(Some(n)))
                }
                None => Operation::from_path(v1).map_or(Endpoint::Unknown, Endpoint::V1),
            };
        }
        if let Some(models) = rest.strip_prefix("models") {
            return match models {
                "" => Endpoint::Models(None),
                name => named(name).map_or(Endpoint::Unknown, |n| Endpoint::Models(Some(n))),
            };
        }
        let Some(deployments) = rest.strip_prefix("deployments") else {
            return Endpoint::Unknown;
        };
        if deployments.is_empty() {
            return Endpoint::Deployments(None);
        }
        let Some(deployments) = deployments.strip_prefix('/') else {
            return Endpoint::Unknown;
        };
        match deployments.split_once('/') {
            None if deployments.is_empty() => Endpoint::Unknown,
            None => Endpoint::Deployments(Some(deployments)),
            Some(("", _)) => Endpoint::Unknown,
            Some((deployment, operation)) => match Operation::from_path(operation) {
                Some(operation) => Endpoint::Dated {
                    deployment,
                    operation,
                },
                None => Endpoint::Unknown,
            },
        }
    }
}

fn named(rest: &str) -> Option<&str> {
    rest.strip_prefix('/')
        .filter(|name| !name.is_empty() && !name.contains('/'))
}

/// The dated path of an operation on a deployment, with `api-version`.
///
/// ```
/// use tidegate_openai::endpoint::{self, Operation};
/// assert_eq!(
///     endpoint::dated_path("ada", Operation::Embeddings, "2024-10-21"),
///     "/openai/deployments/ada/embeddings?api-version=2024-10-21",
/// );
/// ```
pub fn dated_path(deployment: &str, operation: Operation, api_version: &str) -> String {
    format!("/openai/deployments/{deployment}/{operation}?api-version={api_version}")
}

/// Whether a text has the form of a dated API version: `YYYY-MM-DD` or `YYYY-MM-DD-preview`.
pub fn is_dated_version(version: &str) -> bool {
    let date = version
        .strip_suffix("-preview")
        .unwrap_or(version)
        .as_bytes();
    date.len() == 10
        && date.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// A region's display name as the `x-ms-region` header carries it: `swedencentral` becomes `Sweden Central`. Unknown names are
/// returned as they are.
pub fn region_display_name(region: &str) -> Cow<'_, str> {
    const REGIONS: &[(&str, &str)] = &[
        ("australiaeast", "Australia East"),
        ("brazilsouth", "Brazil South"),
        ("canadacentral", "Canada Central"),
        ("canadaeast", "Canada East"),
        ("centralus", "Central US"),
        ("eastus", "East US"),
        ("eastus2", "East US 2"),
        ("francecentral", "France Central"),
        ("germanywestcentral", "Germany West Central"),
        ("italynorth", "Italy North"),
        ("japaneast", "Japan East"),
        ("koreacentral", "Korea Central"),
        ("northcentralus", "North Central US"),
        ("northeurope", "North Europe"),
        ("norwayeast", "Norway East"),
        ("polandcentral", "Poland Central"),
        ("southafricanorth", "South Africa North"),
        ("southcentralus", "South Central US"),
        ("southeastasia", "Southeast Asia"),
        ("southindia", "South India"),
        ("spaincentral", "Spain Central"),
        ("swedencentral", "Sweden Central"),
        ("switzerlandnorth", "Switzerland North"),
        ("uaenorth", "UAE North"),
        ("uksouth", "UK South"),
        ("westeurope", "West Europe"),
        ("westus", "West US"),
        ("westus2", "West US 2"),
        ("westus3", "West US 3"),
    ];
    REGIONS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(region))
        .map_or(Cow::Borrowed(region), |(_, display)| {
            Cow::Borrowed(*display)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dated_paths_name_deployment_and_operation() {
        assert_eq!(
            Endpoint::parse("/openai/deployments/my-gpt/chat/completions"),
            Endpoint::Dated {
                deployment: "my-gpt",
                operation: Operation::ChatCompletions
            }
        );
        assert_eq!(
            Endpoint::parse("/openai/deployments/x/completions/"),
            Endpoint::Dated {
                deployment: "x",
                operation: Operation::Completions
            }
        );
        assert_eq!(
            Endpoint::parse("/openai/deployments/x/images"),
            Endpoint::Unknown
        );
        assert_eq!(
            Endpoint::parse("/openai/deployments//embeddings"),
            Endpoint::Unknown
        );
    }

    #[test]
    fn v1_paths_carry_no_deployment() {
        assert_eq!(
            Endpoint::parse("/openai/v1/embeddings"),
            Endpoint::V1(Operation::Embeddings)
        );
        assert_eq!(
            Endpoint::parse("/openai/v1/models"),
            Endpoint::V1Models(None)
        );
        assert_eq!(
            Endpoint::parse("/openai/v1/models/a"),
            Endpoint::V1Models(Some("a"))
        );
        assert_eq!(Endpoint::parse("/openai/v1/modelsx"), Endpoint::Unknown);
        assert_eq!(Endpoint::parse("/openai/v1/threads"), Endpoint::Unknown);
    }

    #[test]
    fn listings_and_root_are_known() {
        assert_eq!(Endpoint::parse("/"), Endpoint::Root);
        assert_eq!(
            Endpoint::parse("/openai/deployments"),
            Endpoint::Deployments(None)
        );
        assert_eq!(
            Endpoint::parse("/openai/deployments/a"),
            Endpoint::Deployments(Some("a"))
        );
        assert_eq!(Endpoint::parse("/openai/models"), Endpoint::Models(None));
        assert_eq!(Endpoint::parse("/openai/deploymentsx/a"), Endpoint::Unknown);
        assert_eq!(Endpoint::parse("/other"), Endpoint::Unknown);
    }

    #[test]
    fn versions_are_dates() {
        assert!(is_dated_version("2024-10-21"));
        assert!(is_dated_version("2024-08-01-preview"));
        assert!(!is_dated_version("v1"));
        assert!(!is_dated_version("2024-1-21"));
    }

    #[test]
    fn regions_have_display_names() {
        assert_eq!(region_display_name("swedencentral"), "Sweden Central");
        assert_eq!(region_display_name("moonbase"), "moonbase");
    }
}
