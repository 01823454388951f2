#[cfg_attr(
    clippy,
    allow(
        clippy::unused_self,
        clippy::missing_const_for_fn,
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value
    )
)]
impl Shop {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn collect_metrics(process: &UserProcess<Self>) -> std::io::Result<()> {
        while process.wait(Duration::from_secs(1)) == Wake::Elapsed {}
        Ok(())
    }
    #[cfg(feature = "nights")]
    fn at_nights(_process: &UserProcess<Self>) {}
}
#[allow(non_local_definitions)]
const _: () = {
    const SETTINGS_OF_THIS_SERVER: ::swoole::Settings = ::swoole::Settings::new();
    #[allow(deprecated)]
    impl ::swoole::__rt::Server for Shop {
        const SETTINGS: ::swoole::Settings = SETTINGS_OF_THIS_SERVER;
        const DISPATCH: ::swoole::__rt::Dispatch<Self> = ::swoole::__rt::Dispatch {
            on_worker_start: <Shop as ::swoole::__rt::InitialState>::initial_state,
            on_connect: ::core::option::Option::Some(|its_state, given_worker, given_fd| {
                <() as ::swoole::__rt::CallbackReturn>::outcome(Self::on_connect(
                    its_state,
                    <&Worker<Self> as ::swoole::__rt::ParameterOfOnConnect<&::swoole::Worker<Self>>>::given(
                        given_worker,
                    ),
                    <SessionId as ::swoole::__rt::ParameterOfOnConnect<::swoole::SessionId>>::given(given_fd),
                ))
            }),
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
            ..::swoole::__rt::no_callbacks()
        };
        const PROCESSES: &'static [::swoole::__rt::Process<Self>] = &[
            ::swoole::__rt::Process {
                name: "metrics",
                run: |given_process| {
                    <std::io::Result<()> as ::swoole::__rt::CallbackReturn>::outcome(
                        Self::collect_metrics(<&UserProcess<Self> as ::swoole::__rt::ParameterOfAddProcess<
                            &::swoole::UserProcess<Self>,
                        >>::given(given_process)),
                    )
                },
            },
            #[cfg(feature = "nights")]
            ::swoole::__rt::Process {
                name: "nights",
                run: |given_process| {
                    <() as ::swoole::__rt::CallbackReturn>::outcome(
                        Self::at_nights(<&UserProcess<Self> as ::swoole::__rt::ParameterOfAddProcess<
                            &::swoole::UserProcess<Self>,
                        >>::given(given_process)),
                    )
                },
            },
        ];
    }
    impl Shop {
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
