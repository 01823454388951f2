#[cfg_attr(
    clippy,
    allow(
        clippy::unused_self,
        clippy::missing_const_for_fn,
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value
    )
)]
impl<'a, T: Send> Echo<'a, T>
where
    T: Clone,
{
    fn on_worker_start(worker: &WorkerStart) -> Result<Self, String> {
        Self::for_worker(worker.id())
    }
    fn on_connect<'b>(&mut self, _worker: &'b Worker<Self>, _fd: SessionId) {}
    #[cfg(unix)]
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) {}
    #[cfg(not(unix))]
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) {}
    #[cfg(feature = "panics")]
    fn on_panic(worker: &Worker<Self>, fd: Option<SessionId>, message: &str) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}
#[cfg(not(any(unix, not(unix))))]
::core::compile_error! { "`Echo` has no `on_receive`\nnote: a stream listener runs it for what clients send, and nothing else reads that\nhelp: add `fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) {}`" }
#[allow(non_local_definitions)]
const _: () = {
    const SETTINGS_OF_THIS_SERVER: ::swoole::Settings = {
        let mut settings_so_far = ::swoole::Settings::new();
        settings_so_far.workers(CPUS * 2);
        settings_so_far.max_wait_time({
            use ::swoole::__rt::mins;
            use ::swoole::__rt::secs;
            secs(PATIENCE) + mins(1)
        });
        settings_so_far.ring_memory({
            use ::swoole::__rt::mib;
            mib(32)
        });
        settings_so_far
    };
    const _: () = ::swoole::__rt::check::workers(&SETTINGS_OF_THIS_SERVER);
    const _: () = ::swoole::__rt::check::max_wait_time(&SETTINGS_OF_THIS_SERVER);
    #[allow(deprecated)]
    impl<T: Send> ::swoole::__rt::Server for Echo<'static, T>
    where
        T: 'static,
        T: Clone,
    {
        const SETTINGS: ::swoole::Settings = SETTINGS_OF_THIS_SERVER;
        const DISPATCH: ::swoole::__rt::Dispatch<Self> = ::swoole::__rt::Dispatch {
            on_worker_start: |given_worker| {
                <Result<Self, String> as ::swoole::__rt::StateReturn<Self>>::state(Self::on_worker_start(
                    <&WorkerStart as ::swoole::__rt::ParameterOfOnWorkerStart<&::swoole::WorkerStart>>::given(
                        given_worker,
                    ),
                ))
            },
            on_connect: ::core::option::Option::Some(|its_state, given_worker, given_fd| {
                <() as ::swoole::__rt::CallbackReturn>::outcome(Self::on_connect(
                    its_state,
                    <&'_ Worker<Self> as ::swoole::__rt::ParameterOfOnConnect<&::swoole::Worker<Self>>>::given(
                        given_worker,
                    ),
                    <SessionId as ::swoole::__rt::ParameterOfOnConnect<::swoole::SessionId>>::given(given_fd),
                ))
            }),
            #[cfg(unix)]
            on_receive: ::core::option::Option::Some(|its_state, given_worker, given_fd, given_data| {
                <() as ::swoole::__rt::CallbackReturn>::outcome(Self::on_receive(
                    its_state,
                    <&Worker<Self> as ::swoole::__rt::ParameterOfOnReceive<&::swoole::Worker<Self>>>::given(
                        given_worker,
                    ),
                    <SessionId as ::swoole::__rt::ParameterOfOnReceive<::swoole::SessionId>>::given(given_fd),
                    <&[u8] as ::swoole::__rt::ParameterOfOnReceive<&[::core::primitive::u8]>>::given(given_data),
                ))
            }),
            #[cfg(all(not(unix), not(unix)))]
            on_receive: ::core::option::Option::Some(|its_state, given_worker, given_fd, given_data| {
                <() as ::swoole::__rt::CallbackReturn>::outcome(Self::on_receive(
                    its_state,
                    <&Worker<Self> as ::swoole::__rt::ParameterOfOnReceive<&::swoole::Worker<Self>>>::given(
                        given_worker,
                    ),
                    <SessionId as ::swoole::__rt::ParameterOfOnReceive<::swoole::SessionId>>::given(given_fd),
                    <&[u8] as ::swoole::__rt::ParameterOfOnReceive<&[::core::primitive::u8]>>::given(given_data),
                ))
            }),
            on_close: ::core::option::Option::Some(|its_state, given_worker, given_fd, given_reason| {
                <() as ::swoole::__rt::CallbackReturn>::outcome(Self::on_close(
                    its_state,
                    <&Worker<Self> as ::swoole::__rt::ParameterOfOnClose<&::swoole::Worker<Self>>>::given(given_worker),
                    <SessionId as ::swoole::__rt::ParameterOfOnClose<::swoole::SessionId>>::given(given_fd),
                    <CloseReason as ::swoole::__rt::ParameterOfOnClose<::swoole::CloseReason>>::given(given_reason),
                ))
            }),
            #[cfg(feature = "panics")]
            on_panic: ::core::option::Option::Some(|given_worker, given_fd, given_message| {
                <() as ::swoole::__rt::CallbackReturn>::outcome(Self::on_panic(
                    <&Worker<Self> as ::swoole::__rt::ParameterOfOnPanic<&::swoole::Worker<Self>>>::given(given_worker),
                    <Option<SessionId> as ::swoole::__rt::ParameterOfOnPanic<
                        ::core::option::Option<::swoole::SessionId>,
                    >>::given(given_fd),
                    <&str as ::swoole::__rt::ParameterOfOnPanic<&::core::primitive::str>>::given(given_message),
                ))
            }),
            ..::swoole::__rt::no_callbacks()
        };
    }
    impl<T: Send> Echo<'static, T>
    where
        T: 'static,
        T: Clone,
    {
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
