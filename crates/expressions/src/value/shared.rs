//! References to heap objects that are freed without recursion.
//!
//! A list inside a list inside a list…, a million deep, is a legal value. Freeing it the usual way recurses once a
//! level; here the last reference to an object goes into a queue while another object is being freed.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use super::Object;

/// A shared reference to a heap object.
#[derive(Clone)]
pub struct Shared(Option<Rc<dyn Object>>);

thread_local! {
    static WAITING: RefCell<Vec<Rc<dyn Object>>> = const { RefCell::new(Vec::new()) };
    static FREEING: Cell<bool> = const { Cell::new(false) };
}

impl Shared {
    /// A reference.
    #[must_use]
    pub fn new(object: Rc<dyn Object>) -> Self {
        Self(Some(object))
    }

    /// The counted pointer. There is always one before the reference is dropped.
    #[must_use]
    pub fn rc(&self) -> Option<Rc<dyn Object>> {
        self.0.clone()
    }

    /// The object.
    #[must_use]
    pub fn get(&self) -> &dyn Object {
        match &self.0 {
            Some(object) => &**object,
            None => &Nothing,
        }
    }
}

impl Deref for Shared {
    type Target = dyn Object;

    fn deref(&self) -> &Self::Target {
        self.get()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.get().type_of())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some(object) = self.0.take() else { return };
        if Rc::strong_count(&object) > 1 {
            return;
        }
        // At the end of a thread the queue may be gone already; then the object is freed in place.
        let nested = FREEING.try_with(|freeing| freeing.replace(true));
        match nested {
            Ok(true) => {
                let mut object = Some(object);
                let _ = WAITING.try_with(|waiting| {
                    if let (Ok(mut waiting), Some(object)) =
                        (waiting.try_borrow_mut(), object.take())
                    {
                        waiting.push(object);
                    }
                });
            }
            Ok(false) => {
                drop(object);
                while let Ok(Some(next)) = WAITING
                    .try_with(|waiting| waiting.try_borrow_mut().ok().and_then(|mut w| w.pop()))
                {
                    drop(next);
                }
                let _ = FREEING.try_with(|freeing| freeing.set(false));
            }
            Err(_) => drop(object),
        }
    }
}

/// What a reference shows after its object was taken away, which nobody can see.
struct Nothing;

impl Object for Nothing {
    fn type_of(&self) -> crate::types::Type {
        crate::types::Type::Null
    }
}
