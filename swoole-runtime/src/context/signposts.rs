//! Signposts: a call that its process cannot make, and what the compiler says to who writes it. Used by each context, for the calls
//! that others have.
//!
//! A row `send(fd, data) "message" "help"` becomes a method of that name which takes whatever it is given and answers with whatever is
//! wanted, and whose bound nothing meets: the compiler says the words of the row at the name of the call, and has nothing to add about
//! arguments or the result. The bound speaks of one type, and the compiler would refuse it where it stands, were it not said `for` a
//! lifetime. No program that compiles has a call of a signpost, so no binary has one.
//!
//! An answer that users borrow as a slice has its type in the row, `list(page) -> Vec<u8>, "message" "help"`: the compiler would take it
//! for the slice itself, and say that this has no size.

/// Signposts of one context, in the file of the context: `impl` and its parameters, the type, what the bounds are said of, the module
/// that gets the traits. What follows `because` is said of all rows below it.
macro_rules! signposts {
    (
        impl $parameters:tt $context:ty, of $process:ty, not in $calls:ident;
        $( $label:literal, because $why:literal {
            $( $name:tt $arguments:tt $(-> $answer:ty,)? $message:literal $help:literal )+
        } )+
    ) => {
        /// The calls that are not of this process, a trait each, which nothing implements.
        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "a trait has the name of the call")]
        pub mod $calls { $( $(
            #[diagnostic::on_unimplemented(message = $message, label = $label, note = $why, note = $help)]
            pub trait $name {
                fn nowhere<Answer>() -> Answer;
            }
        )+ )+ }
        use $calls::*;

        $( $( signposts!(@method $parameters $context, $process, $name $arguments $(-> $answer)?); )+ )+
    };
    (@method $parameters:tt $context:ty, $process:ty, $name:tt $arguments:tt) => {
        signposts!(@method $parameters $context, $process, $name [Answer] $arguments -> Answer);
    };
    (@method $parameters:tt $context:ty, $process:ty, $name:tt $arguments:tt -> $answer:ty) => {
        signposts!(@method $parameters $context, $process, $name [] $arguments -> $answer);
    };
    (@method
        [$($parameters:tt)*] $context:ty, $process:ty, $name:tt [$($generic:ident)?] ($($argument:ident),*) -> $answer:ty
    ) => {
        impl<$($parameters)*> $context {
            #[doc(hidden)]
            #[allow(unused_variables, reason = "their names are for who counts them wrong")]
            pub fn $name<$($generic)?>(&self, $($argument: impl Sized),*) -> $answer
            where
                for<'never> $process: $name,
            {
                <$process as $name>::nowhere()
            }
        }
    };
}
pub(super) use signposts;
