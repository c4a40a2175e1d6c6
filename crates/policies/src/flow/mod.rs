//! Policy control and flow.

pub mod choose;
pub mod include_fragment;
pub mod mock_response;
pub mod retry;
pub mod return_response;

use std::sync::Arc;

use tidegate_pipeline::{Mode, Step};

/// Whether nested statements all complete at once, so that the statement around them does.
pub(crate) fn all_immediate(steps: &[Arc<Step>]) -> bool {
    steps.iter().all(|step| step.mode() == Mode::Immediate)
}
