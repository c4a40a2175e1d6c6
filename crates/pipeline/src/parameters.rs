//! Parameters of an operation's URL template. Few policies ask for them, so they are read out of the URL when one does.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use crate::url::RequestUrl;

/// Names and values, path before query.
pub type Parameters = Vec<(Arc<str>, String)>;

/// Knows where parameters stand in a URL.
pub trait UrlParameters: fmt::Debug + Send + Sync {
    /// Parameters of a URL that matches: its path below the API's own, and its query without `?`.
    fn read(&self, path: &str, query: &str) -> Parameters;
}

/// Path and query parameters of the operation a request was matched to.
#[derive(Debug, Default)]
pub struct MatchedParameters {
    template: Option<Arc<dyn UrlParameters>>,
    values: OnceCell<Parameters>,
}

impl MatchedParameters {
    /// Those that `template` reads.
    pub fn new(template: Arc<dyn UrlParameters>) -> Self {
        Self {
            template: Some(template),
            values: OnceCell::new(),
        }
    }

    pub(crate) fn of(&self, url: &RequestUrl) -> &[(Arc<str>, String)] {
        self.values.get_or_init(|| match &self.template {
            Some(template) => template.read(url.original_remainder(), url.original_query()),
            None => Parameters::new(),
        })
    }
}

impl From<Parameters> for MatchedParameters {
    fn from(values: Parameters) -> Self {
        Self {
            template: None,
            values: values.into(),
        }
    }
}
