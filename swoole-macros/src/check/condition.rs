//! Under which condition something is there: what `cfg` says of a method, and what follows from it for a rule.

use crate::{diagnostics::Fault, read::Method};
use proc_macro2::TokenStream;
use quote::quote;
use syn::Meta;

/// A condition as `cfg` takes it.
#[derive(Clone)]
pub(super) enum Condition {
    Always,
    Never,
    When(TokenStream),
}

impl Condition {
    pub(super) fn is_never(&self) -> bool {
        matches!(self, Self::Never)
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::When(condition) => Self::When(quote!(not(#condition))),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Always, other) | (other, Self::Always) => other,
            (Self::When(one), Self::When(other)) => Self::When(quote!(all(#one, #other))),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, _) | (_, Self::Always) => Self::Always,
            (Self::Never, other) | (other, Self::Never) => other,
            (Self::When(one), Self::When(other)) => Self::When(quote!(any(#one, #other))),
        }
    }

    /// As it is written behind `cfg`; nothing where it always holds.
    pub(super) fn tokens(&self) -> Option<TokenStream> {
        match self {
            Self::Always => None,
            Self::Never => Some(quote!(any())),
            Self::When(condition) => Some(condition.clone()),
        }
    }

    /// The fault, where the condition holds.
    pub(super) fn restrict(self, fault: Fault) -> Option<Fault> {
        match self {
            Self::Always => Some(fault),
            Self::Never => None,
            Self::When(condition) => Some(fault.when(condition)),
        }
    }
}

/// The condition under which a method is there.
pub(super) fn of(method: &Method, faults: &mut Vec<Fault>) -> Condition {
    let mut condition = Condition::Always;
    for attribute in &method.attributes {
        let Meta::List(list) = &attribute.meta else { continue };
        if list.path.is_ident("cfg") {
            condition = condition.and(Condition::When(list.tokens.clone()));
        } else if list.path.is_ident("cfg_attr") && names_cfg(&list.tokens) {
            faults.push(
                Fault::at(attribute, format!("whether there is an `{}` hangs on a `cfg` inside of `cfg_attr`", method.name))
                    .note("the dispatch table has a row for each callback, under the same condition")
                    .help("write the condition as `#[cfg(all(…))]`"),
            );
        }
    }
    condition
}

fn names_cfg(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| token.to_string() == "cfg")
}
