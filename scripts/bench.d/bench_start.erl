%% From the start of the program to the line that says it serves, empty; beside it `erl` to its prompt,
%% without a name and so without a distribution to set up. Both with their files in the page cache. Not
%% measured: a data directory, and peers to find.
-module(bench_start).

-export([figures/1]).

-define(RUNS, 15).
-define(LONG_MS, 30_000).

figures(Work) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        io:format("start: ~b runs~n", [?RUNS]),
        _ = {ours(), erl()},
        Runs = [{ours(), erl()} || _ <- lists:seq(1, ?RUNS)],
        Ours = [Ms || {Ms, _} <- Runs],
        [
            #{
                name => "start to serving, empty, beside erl to its prompt",
                unit => "ms",
                ours => Ours,
                stock => [Ms || {_, Ms} <- Runs],
                beside => "erl to its prompt",
                wanted => {ratio_at_least, 20}
            },
            #{
                name => "the same",
                unit => "ms",
                ours => Ours,
                stock => [],
                wanted => none,
                aim => {at_most, 20}
            }
        ]
    after
        cluster:stop()
    end.

ours() ->
    Args = ["--name", "start@127.0.0.1", "--cookie", cluster:cookie()],
    until(groot_program:executable(), Args, "ready: ").

erl() -> until(os:find_executable("erl"), [], "1> ").

%% Milliseconds until the program has written Text; it is killed then.
until(Program, Args, Text) ->
    Environment = [{"ERL_EPMD_PORT", integer_to_list(cluster:epmd_port())}],
    Before = erlang:monotonic_time(microsecond),
    Port = open_port({spawn_executable, Program}, [
        {args, Args}, {env, Environment}, binary, exit_status, stderr_to_stdout
    ]),
    ok = await_text(Port, Text, <<>>),
    Ms = (erlang:monotonic_time(microsecond) - Before) / 1000,
    {os_pid, OsPid} = erlang:port_info(Port, os_pid),
    _ = os:cmd("kill -9 " ++ integer_to_list(OsPid)),
    receive {Port, {exit_status, _}} -> Ms end.

await_text(Port, Text, Sofar) ->
    receive
        {Port, {data, Data}} ->
            Written = <<Sofar/binary, Data/binary>>,
            case binary:match(Written, list_to_binary(Text)) of
                nomatch -> await_text(Port, Text, Written);
                _ -> ok
            end;
        {Port, {exit_status, Status}} ->
            error({ended, Status, Sofar})
    after ?LONG_MS -> error({silent, Sofar})
    end.
