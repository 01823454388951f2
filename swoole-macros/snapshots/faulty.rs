#[cfg_attr(
    clippy,
    allow(
        clippy::unused_self,
        clippy::missing_const_for_fn,
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value
    )
)]
impl Echo {
    fn on_connect(&self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, fd: SessionId, worker: &Worker<Self>, data: &[u8]) {}
}
#[allow(unexpected_cfgs)]
const _: () = {
    #[cfg(rust_analyzer)]
    {
        let mut settings_so_far = ::swoole::Settings::new();
        settings_so_far.workrs();
        settings_so_far.log_lev();
    }
};
::core::compile_error! { "there is no key `workrs`\nnote: there is a key `workers`\nhelp: write `workers = 2`" }
::core::compile_error! { "there is no key `log_lev`\nnote: there is a key `log_level`\nhelp: write `log_level = \"info\"`" }
::core::compile_error! { "`on_connect` takes `&mut self`, not `&self`\nnote: one callback runs at a time in a worker, and each may change the state of its worker\nhelp: write `fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId)`" }
::core::compile_error! { "`Echo` has no `on_close`\nnote: a stream listener runs it as the last event of a session, so that what belongs to the session can be let go\nhelp: add `fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {}`" }
#[allow(non_local_definitions)]
const _: () = {
    const SETTINGS_OF_THIS_SERVER: ::swoole::Settings = {
        let mut settings_so_far = ::swoole::Settings::new();
        settings_so_far.listen("tcp://127.0.0.1:9501");
        settings_so_far
    };
    #[allow(deprecated)]
    impl ::swoole::__rt::Server for Echo {
        const SETTINGS: ::swoole::Settings = SETTINGS_OF_THIS_SERVER;
        const DISPATCH: ::swoole::__rt::Dispatch<Self> = ::swoole::__rt::Dispatch {
            on_worker_start: <Echo as ::swoole::__rt::InitialState>::initial_state,
            on_receive: ::core::option::Option::Some(|its_state, given_worker, given_fd, given_data| {
                type AsWritten<A, B, C> = (A, B, C);
                #[diagnostic::on_unimplemented(
                    message = "the parameters of `on_receive` stand in another order",
                    label = "in another order",
                    note = "the server gives it `(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8])`",
                    note = "help: write `fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8])`"
                )]
                trait InOrder<Given> {
                    fn in_order(given: Given) -> Self;
                }
                #[diagnostic::do_not_recommend]
                impl<T> InOrder<T> for T {
                    fn in_order(given: T) -> T {
                        given
                    }
                }
                let (given_worker, given_fd, given_data) =
                    <AsWritten<SessionId, &Worker<Self>, &[u8]> as InOrder<(
                        &::swoole::Worker<Self>,
                        ::swoole::SessionId,
                        &[::core::primitive::u8],
                    )>>::in_order((given_worker, given_fd, given_data));
                <() as ::swoole::__rt::CallbackReturn>::outcome(Self::on_receive(
                    its_state,
                    given_worker,
                    given_fd,
                    given_data,
                ))
            }),
            ..::swoole::__rt::no_callbacks()
        };
    }
    impl Echo {
        #[doc = r" Runs this server until it is told to stop, with the overrides of a file, the environment and the command line."]
        #[doc = r""]
        #[doc = r" # Errors"]
        #[doc = r" What kept it from starting."]
        pub fn start() -> ::swoole::Result<()> {
            ::swoole::__rt::start::<Self>()
        }
        #[doc = r" The same with code in between: settings from elsewhere, for one."]
        #[must_use]
        pub fn builder() -> ::swoole::Builder<Self> {
            ::swoole::__rt::builder::<Self>()
        }
    }
};
