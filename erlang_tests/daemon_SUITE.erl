%% The daemon among the processes of its machine: what becomes of its log, the descriptors that it is
%% started with, and the signals that it is sent.
-module(daemon_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, end_per_testcase/2]).
-export([
    stderr_that_nobody_reads/1,
    start_that_fails_with_stderr_unread/1,
    stderr_that_is_gone/1,
    closed_descriptors/1,
    signals_that_mean_nothing/1,
    hangup_reads_the_cookie_file/1,
    hangup_without_a_cookie_file/1,
    strangers_from_a_thousand_addresses/1,
    orderly_stop_of_a_peer/1,
    crash_of_a_storage_process/1,
    seed_is_not_found/1
]).

%% What a caller may wait while something else is wrong.
-define(CALL_US, 100_000).
%% Node::stop's second, and what the log may take.
-define(STOP_MS, 1_500).
-define(LINES_OF_A_LEVEL, 200).

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [
        stderr_that_nobody_reads,
        start_that_fails_with_stderr_unread,
        stderr_that_is_gone,
        closed_descriptors,
        signals_that_mean_nothing,
        hangup_reads_the_cookie_file,
        hangup_without_a_cookie_file,
        strangers_from_a_thousand_addresses,
        orderly_stop_of_a_peer,
        crash_of_a_storage_process,
        seed_is_not_found
    ].

init_per_suite(Config) -> cluster:start_pair(Config, #{}).

end_per_suite(_Config) -> cluster:stop().

end_per_testcase(_Case, Config) ->
    cluster:tidy([a(Config), b(Config)]).

%% ------------------------------------------------------------------ the log

%% A full pipe, as behind a log shipper that hangs, or a terminal after Ctrl-S.
stderr_that_nobody_reads(Config) ->
    Program = program(Config, deaf, full_pipe(Config, deaf), "2>&3"),
    Deaf = started(Program, deaf, ["--connect", atom_to_list(a(Config)), "--log-level", "debug"]),
    cluster:await_connected(Deaf, [a(Config)]),
    ok = groot_api:set(Deaf, small, small),
    %% Each of them is worth a line.
    Strangers = fun() -> [refused = raw_peer:connect(Deaf, name(N), "wrong") || N <- lists:seq(1, 100)] end,
    {_, Monitor} = spawn_monitor(Strangers),
    Calls = cluster:on(a(Config), fun() -> lists:sort(latency:calls(Deaf, 1_000)) end),
    Slow = [Us || Us <- Calls, Us >= ?CALL_US],
    %% A busy machine may hold up a few; one that waits for the pipe never ends.
    {true, Slow} = {length(Slow) < 10 andalso lists:last(Calls) < 1_000_000, Slow},
    receive {'DOWN', Monitor, process, _, Reason} -> normal = Reason end,
    await:equal(small, fun() -> groot_api:get(a(Config), small) end),
    ends_in_time(Deaf).

%% `cannot start` is told to nobody, and the end waits for nobody.
start_that_fails_with_stderr_unread(Config) ->
    Program = program(Config, hopeless, full_pipe(Config, hopeless), "2>&3"),
    Taken = atom_to_list(a(Config)),
    Running = cluster:groot_program(Program, hopeless, ["--name", Taken, "--cookie", "c"], []),
    1 = os_program:await_exit(Running, 5_000),
    cluster:forget(cluster:full_name(hopeless)).

%% The reader has gone: every line is an error, and SIGPIPE.
stderr_that_is_gone(Config) ->
    Pipe = filename:join(proplists:get_value(priv_dir, Config), "unheard.pipe"),
    Broken = ["mkfifo ", Pipe, "; : <", Pipe, " & exec 3>", Pipe, "; wait"],
    Program = program(Config, unheard, Broken, "2>&3"),
    Unheard = started(Program, unheard, ["--connect", atom_to_list(a(Config))]),
    cluster:await_connected(Unheard, [a(Config)]),
    ok = groot_api:set(Unheard, heard, 1),
    ends_in_time(Unheard).

%% ------------------------------------------------------------------ descriptors

%% What is printed must not go into the first file that is opened.
closed_descriptors(Config) ->
    [closed_descriptors(Config, N, Closed) || {N, Closed} <- lists:enumerate(["<&- >&- 2>&-", "2>&-", ">&- 2>&-", "<&-"])],
    ok.

closed_descriptors(Config, N, Closed) ->
    Dir = filename:join(proplists:get_value(priv_dir, Config), "headless" ++ integer_to_list(N)),
    Program = program(Config, headless, "", Closed),
    Headless = started(Program, headless, ["--data-dir", Dir]),
    Keys = lists:seq(1, 60),
    [
        begin
            refused = raw_peer:connect(Headless, name(Key), "wrong"),
            ok = groot_api:set(Headless, Key, written)
        end
     || Key <- Keys
    ],
    [] = printed_into(Dir),
    ends_in_time(Headless),
    [] = printed_into(Dir),
    Groot = cluster:groot(headless, ["--data-dir", Dir]),
    [{written, Key} = {groot_api:get(Groot, Key), Key} || Key <- Keys],
    0 = cluster:stop_groot(Groot).

%% The files in which a log line stands.
printed_into(Dir) ->
    {ok, Names} = file:list_dir(Dir),
    [
        Name
     || Name <- Names,
        {ok, File} <- [file:read_file(filename:join(Dir, Name))],
        re:run(File, "listens on port|no connection with|stopping", [{capture, none}]) =:= match
    ].

%% ------------------------------------------------------------------ signals

signals_that_mean_nothing(_Config) ->
    Groot = cluster:groot(groot),
    Program = cluster:program(Groot),
    [
        begin
            os_program:signal(Program, Signal),
            ok = groot_api:set(Groot, Signal, survived)
        end
     || Signal <- ["USR1", "USR2", "ALRM", "VTALRM", "PROF", "PIPE", "IO", "PWR", "XFSZ", "HUP", "16", "40"]
    ],
    running = os_program:status(Program),
    0 = cluster:stop_groot(Groot),
    ok.

hangup_reads_the_cookie_file(Config) ->
    A = a(Config),
    %% Until then nobody is let in by the other's cookie.
    [cluster:forgive(Each, "groot@") || Each <- [A, b(Config)]],
    Path = filename:join(proplists:get_value(priv_dir, Config), "changing_cookie"),
    write_cookie(Path, "yesterdays\n"),
    Program = cluster:groot_program(groot, ["--cookie-file", Path], []),
    os_program:await_line(Program, "ready: ", 5_000),
    Groot = cluster:full_name(groot),
    pang = cluster:call(A, net_adm, ping, [Groot]),
    write_cookie(Path, cluster:cookie() ++ "\n"),
    pang = cluster:call(A, net_adm, ping, [Groot]),
    os_program:signal(Program, "HUP"),
    os_program:await_line(Program, "info SIGHUP: the cookie was read again from .*changing_cookie: it is another one", 5_000),
    pong = cluster:call(A, net_adm, ping, [Groot]),
    os_program:signal(Program, "HUP"),
    os_program:await_line(Program, "info SIGHUP: .*changing_cookie: it is the same", 5_000),
    %% One that cannot be used changes nothing.
    write_cookie(Path, "tab\there"),
    os_program:signal(Program, "HUP"),
    os_program:await_line(Program, "warning SIGHUP: the cookie stays as it is: .*Bad characters in cookie", 5_000),
    true = cluster:call(A, erlang, disconnect_node, [Groot]),
    await:equal(pong, fun() -> cluster:call(A, net_adm, ping, [Groot]) end),
    [] = [Line || Line <- os_program:lines(Program), string:find(Line, cluster:cookie()) =/= nomatch],
    0 = cluster:stop_groot(Groot),
    ok.

hangup_without_a_cookie_file(_Config) ->
    Groot = cluster:groot(groot),
    os_program:signal(cluster:program(Groot), "HUP"),
    os_program:await_line(cluster:program(Groot), "SIGHUP: the cookie stays as it is: .*from the option", 5_000),
    ok = groot_api:set(Groot, still, here),
    ok.

write_cookie(Path, Text) ->
    _ = file:delete(Path),
    ok = file:write_file(Path, Text),
    ok = file:change_mode(Path, 8#400).

%% ------------------------------------------------------------------ what is in the log

%% However many addresses strangers come from, and names they give.
strangers_from_a_thousand_addresses(_Config) ->
    Groot = cluster:groot(groot),
    Program = cluster:program(Groot),
    [knock(Groot, N) || N <- lists:seq(1, 1_000)],
    ok = groot_api:set(Groot, still, here),
    Told = length([Line || Line <- os_program:lines(Program), string:find(Line, "no connection with") =/= nomatch]),
    {true, Told} = {Told > ?LINES_OF_A_LEVEL div 2, Told},
    {true, Told} = {Told =< ?LINES_OF_A_LEVEL, Told},
    0 = cluster:stop_groot(Groot),
    Rest = integer_to_list(1_000 - Told),
    os_program:await_line(Program, " warning " ++ Rest ++ " log lines were held back, the first of them: no connection", 1_000),
    ok.

knock(Groot, N) ->
    Socket = raw_peer:open(Groot, [{ip, {127, 1, N div 250, N rem 250 + 1}}]),
    ok = raw_peer:send_message(Socket, raw_peer:name_message(name(N))),
    <<"sok">> = raw_peer:receive_message(Socket),
    Challenge = raw_peer:challenge_of(raw_peer:receive_message(Socket)),
    ok = raw_peer:send_message(Socket, raw_peer:challenge_reply("wrong", Challenge)),
    closed = raw_peer:receive_message(Socket),
    raw_peer:close(Socket).

%% Nothing was lost that anybody wanted to keep: no warning.
orderly_stop_of_a_peer(_Config) ->
    Peer = cluster:peer(leaving, v0_1),
    Groot = cluster:groot(groot, ["--connect", atom_to_list(Peer)]),
    Program = cluster:program(Groot),
    os_program:await_line(Program, "leaving@127\\.0\\.0\\.1 runs Groot", 10_000),
    ok = cluster:call(Peer, init, stop, []),
    os_program:await_line(Program, "lost leaving@", 10_000),
    os_program:await_line(Program, "info the storage process of leaving@127\\.0\\.0\\.1 was stopped", 1_000),
    [] = [Line || Line <- os_program:lines(Program), string:find(Line, "lost its data") =/= nomatch],
    cluster:stop_peer(Peer).

crash_of_a_storage_process(Config) ->
    Groot = cluster:groot(groot, ["--connect", atom_to_list(a(Config))]),
    Program = cluster:program(Groot),
    os_program:await_line(Program, "a@127\\.0\\.0\\.1 runs Groot", 10_000),
    cluster:kill_storage(a(Config)),
    os_program:await_line(Program, "warning the storage process of a@127\\.0\\.0\\.1 died; it lost its data", 10_000),
    os_program:await_line(Program, "the storage process of a@127\\.0\\.0\\.1 is back", 10_000),
    ok.

%% Only what was not known is found.
seed_is_not_found(Config) ->
    [A, B] = [atom_to_list(Each) || Each <- [a(Config), b(Config)]],
    C = cluster:peer(c, no_groot),
    true = cluster:call(C, net_kernel, connect_node, [a(Config)]),
    Groot = cluster:groot(groot, ["--connect", A, "--connect", B]),
    os_program:await_line(cluster:program(Groot), "found c@127\\.0\\.0\\.1 through", 10_000),
    cluster:await_connected(Groot, [a(Config), b(Config), C]),
    [] = [Line || Line <- cluster:log_of(Groot), Seed <- [A, B], string:find(Line, "found " ++ Seed) =/= nomatch],
    0 = cluster:stop_groot(Groot),
    cluster:stop_peer(C).

%% ------------------------------------------------------------------ helpers

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

name(N) -> <<"eve", (integer_to_binary(N))/binary, "@127.0.0.1">>.

%% A shell script that runs Before, and then becomes the program under test with Redirections.
program(Config, Name, Before, Redirections) ->
    Path = filename:join(proplists:get_value(priv_dir, Config), Name),
    ok = file:write_file(Path, [
        "#!/bin/sh\n", Before, "\nexec \"", groot_program:executable(), "\" \"$@\" ", Redirections, "\n"
    ]),
    ok = file:change_mode(Path, 8#700),
    Path.

%% Descriptor 3 is a pipe without room, and will never be read.
full_pipe(Config, Name) ->
    Pipe = filename:join(proplists:get_value(priv_dir, Config), [Name, ".pipe"]),
    ["mkfifo ", Pipe, "; exec 3<>", Pipe, "; timeout 1 head -c 1000000 /dev/zero >&3"].

%% Without a log epmd tells that it is there.
started(Program, Name, Args) ->
    _ = cluster:groot_program(Program, Name, ["--cookie", cluster:cookie() | Args], []),
    await:true(fun() -> is_map_key(atom_to_list(Name), cluster:registered_names()) end),
    cluster:full_name(Name).

ends_in_time(Node) ->
    Begin = erlang:monotonic_time(millisecond),
    0 = cluster:stop_groot(Node),
    Took = erlang:monotonic_time(millisecond) - Begin,
    {true, Took} = {Took < ?STOP_MS, Took},
    ok.
