#[cfg_attr(
    clippy,
    allow(
        clippy::unused_self,
        clippy::missing_const_for_fn,
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value
    )
)]
impl Images {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, task: Task<&[u8]>) -> Thumbnail {
        shrink(&task)
    }
    fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: Thumbnail) {}
}
#[allow(non_local_definitions)]
const _: () = {
    const SETTINGS_OF_THIS_SERVER: ::swoole::Settings = {
        let mut settings_so_far = ::swoole::Settings::new();
        settings_so_far.task_workers(2);
        settings_so_far
    };
    #[allow(deprecated)]
    impl ::swoole::__rt::Server for Images {
        const SETTINGS: ::swoole::Settings = SETTINGS_OF_THIS_SERVER;
        const DISPATCH: ::swoole::__rt::Dispatch<Self> = ::swoole::__rt::Dispatch {
            on_worker_start: <Images as ::swoole::__rt::InitialState>::initial_state,
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
            on_task: ::core::option::Option::Some(|its_state, given_task_worker, given_task| {
                ::swoole::__rt::run_task(
                    given_task,
                    <Task<&[u8]> as ::swoole::__rt::IsATask<'_>>::read,
                    |given_task, given_back| {
                        < Thumbnail as :: swoole :: __rt :: OutputOfOnTask > :: finish (Self :: on_task (its_state , < & TaskWorker < Self > as :: swoole :: __rt :: ParameterOfOnTask < & :: swoole :: TaskWorker < Self > >> :: given (given_task_worker) , given_task) , given_back)
                    },
                )
            }),
            on_finish: ::core::option::Option::Some(|its_state, given_worker, given_task_id, given_output| {
                ::swoole::__rt::run_finish(
                    given_output,
                    <Thumbnail as ::swoole::__rt::OutputOfOnTask>::read,
                    {
                        use ::swoole::__rt::NoOutputInstead as _;
                        |why| ::swoole::__rt::OutputInstead::<Thumbnail>::new().of(why)
                    },
                    |given_output| {
                        <() as ::swoole::__rt::CallbackReturn>::outcome(Self::on_finish(
                            its_state,
                            <&Worker<Self> as ::swoole::__rt::ParameterOfOnFinish<&::swoole::Worker<Self>>>::given(
                                given_worker,
                            ),
                            <TaskId as ::swoole::__rt::ParameterOfOnFinish<::swoole::TaskId>>::given(given_task_id),
                            <Thumbnail as ::swoole::__rt::OutputOfOnFinish<Thumbnail>>::given(given_output),
                        ))
                    },
                )
            }),
            ..::swoole::__rt::no_callbacks()
        };
    }
    impl Images {
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
    impl ::swoole::__rt::RunsTasks for Images {
        type Task<'job> = Task<&'job [u8]>;
        type Output = Thumbnail;
        fn instead(why: ::swoole::TaskError) -> ::core::option::Option<Thumbnail> {
            ({
                use ::swoole::__rt::NoOutputInstead as _;
                |why| ::swoole::__rt::OutputInstead::<Thumbnail>::new().of(why)
            })(why)
        }
    }
};
