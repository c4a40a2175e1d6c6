//! The API of a request: longest path, then version, then revision, then scheme.

use std::borrow::Cow;
use std::collections::HashMap;

use http::{HeaderMap, HeaderName};
use tidegate_model::{Api, ApiIndex, Protocol, ResourceName, Service, VersioningScheme};

use super::text::{Path, TextMap, decode, decode_query, query_value};

/// All API paths.
pub(super) struct ApiTrie {
    nodes: Vec<Node>,
    groups: Vec<Group>,
    checks_scheme: bool,
}

#[derive(Default)]
struct Node {
    children: TextMap,
    group: Option<usize>,
}

/// The APIs at one path: the revisions of one API, or the versions of one version set.
struct Group {
    scheme: Scheme,
    entries: Vec<Entry>,
}

enum Scheme {
    None,
    Segment,
    Query(String),
    Header(HeaderName),
}

struct Entry {
    version: Option<String>,
    revision: String,
    is_current: bool,
    is_online: bool,
    protocols: Vec<Protocol>,
    api: ApiIndex,
}

impl ApiTrie {
    pub fn build(service: &Service) -> Self {
        let sets: HashMap<&ResourceName, &VersioningScheme> = service
            .version_sets
            .iter()
            .map(|set| (&set.name, &set.scheme))
            .collect();
        let mut trie = Self {
            nodes: vec![Node::default()],
            groups: Vec::new(),
            checks_scheme: service.gateway.checks_protocols(),
        };
        for (index, api) in service.apis() {
            let node = trie.node(&api.path);
            let Some(node) = trie.nodes.get_mut(node) else {
                continue;
            };
            let group = *node.group.get_or_insert_with(|| {
                trie.groups.push(Group {
                    scheme: scheme(api, &sets),
                    entries: Vec::new(),
                });
                trie.groups.len() - 1
            });
            if let Some(group) = trie.groups.get_mut(group) {
                if matches!(group.scheme, Scheme::None) {
                    // The first API here may be the original of a version set without belonging to it.
                    group.scheme = scheme(api, &sets);
                }
                group.entries.push(Entry {
                    version: api.version.clone(),
                    revision: api.revision.clone(),
                    is_current: api.is_current,
                    is_online: api.is_online,
                    protocols: api.protocols.clone(),
                    api: index,
                });
            }
        }
        for node in &mut trie.nodes {
            node.children.finish();
        }
        trie
    }

    /// The node of a path, made if it is not there yet.
    fn node(&mut self, path: &str) -> usize {
        let mut at = 0;
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let next = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else {
                return at;
            };
            let child = node
                .children
                .get_or_insert(&decode(segment), u32::try_from(next).unwrap_or(u32::MAX));
            at = child as usize;
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        at
    }

    /// The API of a request, and where the rest of its path begins.
    pub fn find(
        &self,
        scheme: &str,
        path: Path<'_>,
        query: &str,
        headers: &HeaderMap,
    ) -> Option<(ApiIndex, usize)> {
        let (group, mut end, mut revision) = self.longest(path)?;
        let version = match &group.scheme {
            Scheme::None => None,
            Scheme::Segment => {
                // A revision directly after the API path belongs to the version without identifier.
                match path.segment(end).filter(|_| revision.is_none()) {
                    Some((segment, segment_end)) => {
                        let (name, named_revision) = split_revision(segment);
                        let version = group.version(&path.decode(name), true);
                        if version.is_some() {
                            end = segment_end;
                            revision = named_revision;
                        }
                        version
                    }
                    None => None,
                }
            }
            Scheme::Query(name) => match query_value(query, name).map(decode_query) {
                Some(value) if !value.is_empty() => Some(group.version(&value, false)?),
                _ => None,
            },
            Scheme::Header(name) => match headers.get(name).map(|value| value.to_str()) {
                Some(Ok(value)) if !value.is_empty() => Some(group.version(value, false)?),
                Some(Err(_)) => return None,
                _ => None,
            },
        };
        let revision: Option<Cow<'_, str>> = revision.map(|text| path.decode(text));
        let entry = group
            .entries
            .iter()
            .filter(|entry| entry.version.as_deref() == version)
            .find(|entry| match &revision {
                Some(revision) => entry.revision == **revision,
                None => entry.is_current,
            })
            .filter(|entry| entry.is_online)?;
        let is_allowed = !self.checks_scheme
            || entry
                .protocols
                .iter()
                .any(|protocol| protocol.as_str().eq_ignore_ascii_case(scheme));
        is_allowed.then_some((entry.api, end))
    }

    /// The APIs at the longest API path that begins the path, where it ends, and a revision written there.
    fn longest<'p>(&self, path: Path<'p>) -> Option<(&Group, usize, Option<&'p str>)> {
        let mut node = self.nodes.first()?;
        let mut found = node.group.map(|group| (group, 0, None));
        let mut at = 0;
        while let Some((segment, end)) = path.segment(at) {
            let (name, revision) = split_revision(segment);
            if at == 0
                && name.is_empty()
                && revision.is_some()
                && let Some(group) = node.group
            {
                // An API at the empty path: `/;rev=2/leads`.
                found = Some((group, end, revision));
                break;
            }
            let Some(child) = node
                .children
                .get(&path.decode(name))
                .and_then(|child| self.nodes.get(child as usize))
            else {
                break;
            };
            node = child;
            at = end;
            if let Some(group) = node.group {
                found = Some((group, end, revision));
            }
            if revision.is_some() {
                break;
            }
        }
        let (group, end, revision) = found?;
        Some((self.groups.get(group)?, end, revision))
    }
}

impl Group {
    /// The version of the set that a request names.
    fn version(&self, name: &str, without_case: bool) -> Option<&str> {
        self.entries
            .iter()
            .filter_map(|entry| entry.version.as_deref())
            .find(|version| {
                *version == name || (without_case && version.eq_ignore_ascii_case(name))
            })
    }
}

fn scheme(api: &Api, sets: &HashMap<&ResourceName, &VersioningScheme>) -> Scheme {
    let set = api
        .version_set
        .as_ref()
        .and_then(|set| sets.get(&set.value));
    match set {
        None => Scheme::None,
        Some(VersioningScheme::Segment) => Scheme::Segment,
        Some(VersioningScheme::Query(name)) => Scheme::Query(name.clone()),
        Some(VersioningScheme::Header(name)) => match HeaderName::from_bytes(name.as_bytes()) {
            Ok(name) => Scheme::Header(name),
            // No request can carry such a header, so only the version without identifier is ever found.
            Err(_) => Scheme::None,
        },
    }
}

/// Splits `customers;rev=3`.
fn split_revision(segment: &str) -> (&str, Option<&str>) {
    const MARK: &str = ";rev=";
    let mark = |at: &usize| {
        segment
            .get(*at..at + MARK.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(MARK))
    };
    match memchr::memchr_iter(b';', segment.as_bytes()).find(mark) {
        Some(at) => (
            segment.get(..at).unwrap_or_default(),
            segment.get(at + MARK.len()..),
        ),
        None => (segment, None),
    }
}
