//! Policy documents: tolerant XML with spans and raw C# expressions inside

pub mod diagnostic;
