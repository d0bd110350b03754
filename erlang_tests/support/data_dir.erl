%% A data directory for each case, nodes under test that use it, and what they say of it.
-module(data_dir).

-export([start/2, stop/0, path/1, groot/1, groot/2, saving/1, readers/1, await_level/2, refused/2, with_file_system/3]).

-define(STORAGE, 'Elixir.Groot.Storage').

%% For init_per_testcase: a cluster with a console that knows nobody. It calls, and holds no registers.
start(Case, Config) ->
    cluster:start(Config),
    [Console] = cluster:peers([{console, no_groot}]),
    cluster:set_console(Console),
    [{data_dir_of_case, filename:join(proplists:get_value(priv_dir, Config), Case)} | Config].

%% For end_per_testcase.
stop() ->
    Verdict = cluster:verdict(),
    cluster:stop(),
    Verdict.

path(Config) -> proplists:get_value(data_dir_of_case, Config).

groot(Config) -> groot(Config, []).

groot(Config, Args) -> cluster:groot(groot, ["--data-dir", path(Config) | Args]).

%% What the status of the storage process says of saving: async | sync | {failing, Why}.
saving(Groot) -> proplists:get_value("Saving", status(Groot)).

%% Who has been reading the file for long: [{OsPid, Seconds}] | undefined.
readers(Groot) -> proplists:get_value("Readers", status(Groot)).

%% The peer is known to have held everything that is held here.
await_level(Groot, Peer) ->
    await:equal(0, fun() -> proplists:get_value(Peer, proplists:get_value("Behind", status(Groot))) end, 90_000).

status(Groot) ->
    {status, _, _, [_, _, _, _, Misc]} =
        cluster:call(cluster:console(), sys, get_status, [{?STORAGE, Groot}]),
    {data, Data} = lists:keyfind(data, 1, Misc),
    Data.

%% A node does not start with this directory, and says so in one line that matches Why.
refused(Dir, Why) ->
    Program = cluster:groot_program(refused, ["--cookie", "c", "--data-dir", Dir], []),
    {true, Dir} = {os_program:await_exit(Program, 10_000) =/= 0, Dir},
    os_program:await_line(Program, "cannot start: .*" ++ Why, 1_000),
    false = is_map_key("refused", cluster:registered_names()),
    cluster:forget(cluster:full_name(refused)).

%% Runs Test(Dir) in a file system of its own; {skip, _} where none may be mounted.
with_file_system(Config, Options, Test) ->
    Dir = path(Config),
    ok = filelib:ensure_path(Dir),
    case os:cmd("mount -t tmpfs -o " ++ Options ++ " tmpfs " ++ Dir) of
        [] ->
            try
                Test(Dir)
            after
                os:cmd("umount -l " ++ Dir)
            end,
            ok;
        Refused ->
            {skip, Refused}
    end.
