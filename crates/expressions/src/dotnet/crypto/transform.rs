//! `ICryptoTransform`: a cipher at work.

use std::cell::RefCell;

use super::hash::copy_out;
use super::names::bytes;
use super::symmetric::Job;
use super::{defs, part};
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types};
use crate::value::{Object, Value};

/// An encryptor or decryptor, which gives blocks as they come. A decryptor that takes padding off holds the last one back.
pub(super) struct Transform {
    job: Job,
    state: RefCell<State>,
}

/// Where a transform stands between two calls.
struct State {
    /// What the next block is chained to: the initialization vector, later the last block of cipher text.
    chain: Vec<u8>,
    held: Vec<u8>,
}

impl State {
    fn new(job: &Job) -> Self {
        Self {
            chain: job.iv.clone(),
            held: Vec::new(),
        }
    }
}

impl Transform {
    pub(super) fn value(job: Job) -> Value {
        let state = RefCell::new(State::new(&job));
        Value::object(Self { job, state })
    }

    /// Whole blocks that are not the last ones.
    fn advance(&self, c: &mut Call<'_, '_>, input: Vec<u8>) -> R<Vec<u8>> {
        let block = self.job.algorithm.block();
        let mut data = std::mem::take(&mut self.state.borrow_mut().held);
        data.extend(input);
        if self.job.holds_last_block() {
            let held = data.split_off(data.len().saturating_sub(block));
            self.state.borrow_mut().held = held;
        }
        let chain = self.state.borrow().chain.clone();
        let out = self.job.run_blocks(c, &chain, &data)?;
        let sealed = if self.job.encrypts { &out } else { &data };
        let mut chain = [chain.as_slice(), sealed].concat();
        chain.drain(..chain.len().saturating_sub(block));
        self.state.borrow_mut().chain = chain;
        Ok(out)
    }

    /// What is left, with its padding; the transform then starts anew.
    fn finish(&self, c: &mut Call<'_, '_>, last: &[u8]) -> R<Vec<u8>> {
        let State { chain, held } =
            std::mem::replace(&mut *self.state.borrow_mut(), State::new(&self.job));
        self.job.run_from(c, &chain, &[&held, last].concat())
    }
}

impl Object for Transform {
    fn type_of(&self) -> Type {
        Type::Named(defs().transform, None)
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("System.Security.Cryptography.ICryptoTransform");
    t.base("IDisposable").beyond_documentation();
    t.property("int InputBlockSize", block_size);
    t.property("int OutputBlockSize", block_size);
    t.property("bool CanReuseTransform", |_| Ok(true.into()));
    t.property("bool CanTransformMultipleBlocks", |_| Ok(true.into()));
    t.method(
        "int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)",
        |c| {
            check_part(c)?;
            check_blocks(c)?;
            let data = part(c, 1)?;
            let out = c.object::<Transform>(0)?.advance(c, data)?;
            copy_out(c, &out)?;
            Ok(i32::try_from(out.len()).unwrap_or(i32::MAX).into())
        },
    )
    .mutates();
    t.method(
        "byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)",
        |c| {
            check_part(c)?;
            let last = part(c, 1)?;
            c.object::<Transform>(0)?.finish(c, &last).map(bytes)
        },
    )
    .mutates();
    t.method("void Dispose()", |_| Ok(Value::Null));
}

/// Offset and count of the input at 1: every mistake is one of range.
fn check_part(c: &mut Call<'_, '_>) -> R<()> {
    let length = c.object::<crate::dotnet::collections::Array>(1)?.len();
    let (offset, count) = (usize::try_from(c.int(2)?), usize::try_from(c.int(3)?));
    match (offset, count) {
        (Ok(offset), Ok(count)) if offset <= length && count <= length - offset => Ok(()),
        (Ok(offset), _) if offset <= length => Err(Fault::outside("inputCount")),
        _ => Err(Fault::outside("inputOffset")),
    }
}

/// `TransformBlock` takes whole blocks, at least one, and wants room for all of them.
fn check_blocks(c: &mut Call<'_, '_>) -> R<()> {
    let block = c.object::<Transform>(0)?.job.algorithm.block();
    let count = usize::try_from(c.int(3)?).unwrap_or_default();
    if count == 0 || !count.is_multiple_of(block) {
        return Err(Fault::outside("inputCount"));
    }
    let Some(target) = c.opt_object::<crate::dotnet::collections::Array>(4)? else {
        return Err(Fault::argument_null("outputBuffer"));
    };
    match usize::try_from(c.int(5)?) {
        Ok(offset) if offset <= target.len() && count <= target.len() - offset => Ok(()),
        _ => Err(Fault::outside("outputOffset")),
    }
}

fn block_size(c: &mut Call<'_, '_>) -> R<Value> {
    let block = c.object::<Transform>(0)?.job.algorithm.block();
    Ok(i32::try_from(block).unwrap_or_default().into())
}
