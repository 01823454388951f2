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
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn admin_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
}
#[allow(non_local_definitions)]
const _: () = {
    const SETTINGS_OF_THIS_SERVER: ::swoole::Settings = {
        let mut settings_so_far = ::swoole::Settings::new();
        settings_so_far.listen("tcp://127.0.0.1:9501");
        settings_so_far
    };
    const LISTENERS_OF_THIS_SERVER: &[::swoole::__rt::Listener] = &[
        ::swoole::__rt::Listener {
            name: "admin",
            settings: {
                let mut settings_so_far = ::swoole::Settings::new();
                settings_so_far.listen("unix:///run/echo.sock");
                settings_so_far.backlog(LONG);
                settings_so_far
            },
        },
        ::swoole::__rt::Listener {
            name: "other",
            settings: {
                let mut settings_so_far = ::swoole::Settings::new();
                settings_so_far.tcp_keepalive_count(3);
                settings_so_far.tcp_keepalive(true);
                settings_so_far
            },
        },
    ];
    const _: () = ::swoole::__rt::check::backlog(&LISTENERS_OF_THIS_SERVER[0].settings);
    #[allow(deprecated)]
    impl ::swoole::__rt::Server for Echo {
        const SETTINGS: ::swoole::Settings = SETTINGS_OF_THIS_SERVER;
        const DISPATCH: ::swoole::__rt::Dispatch<Self> = ::swoole::__rt::Dispatch {
            on_worker_start: <Echo as ::swoole::__rt::InitialState>::initial_state,
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
        const LISTENERS: &'static [::swoole::__rt::Listener] = LISTENERS_OF_THIS_SERVER;
        const CALLBACKS_OF_LISTENERS: &'static [::swoole::__rt::CallbacksOfListener<Self>] = {
            let on_receive_by_admin_receive: ::swoole::__rt::OnReceive<Self> =
                ::core::option::Option::Some(|its_state, given_worker, given_fd, given_data| {
                    <() as ::swoole::__rt::CallbackReturn>::outcome(Self::admin_receive(
                        its_state,
                        <&Worker<Self> as ::swoole::__rt::ParameterOfOnReceive<&::swoole::Worker<Self>>>::given(
                            given_worker,
                        ),
                        <SessionId as ::swoole::__rt::ParameterOfOnReceive<::swoole::SessionId>>::given(given_fd),
                        <&[u8] as ::swoole::__rt::ParameterOfOnReceive<&[::core::primitive::u8]>>::given(given_data),
                    ))
                });
            &[
                ::swoole::__rt::CallbacksOfListener {
                    on_connect: <Self as ::swoole::__rt::Server>::DISPATCH.on_connect,
                    on_receive: on_receive_by_admin_receive,
                    on_close: <Self as ::swoole::__rt::Server>::DISPATCH.on_close,
                    on_packet: <Self as ::swoole::__rt::Server>::DISPATCH.on_packet,
                },
                ::swoole::__rt::CallbacksOfListener {
                    on_connect: <Self as ::swoole::__rt::Server>::DISPATCH.on_connect,
                    on_receive: on_receive_by_admin_receive,
                    on_close: <Self as ::swoole::__rt::Server>::DISPATCH.on_close,
                    on_packet: <Self as ::swoole::__rt::Server>::DISPATCH.on_packet,
                },
            ]
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
