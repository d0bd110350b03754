%% With --data-dir: directories that cannot be used, and disks without room.
-module(data_dir_SUITE).

-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([
    second_process/1,
    foreign_directory/1,
    damaged_file/1,
    read_only_directory/1,
    options_without_a_directory/1,
    file_at_its_limit/1,
    file_at_its_limit_sync/1,
    full_disk/1,
    disk_that_does_not_answer/1,
    deleted_directory/1,
    killed_copy/1,
    stuck_copy/1
]).

suite() -> [{timetrap, {seconds, 120}}].

all() ->
    [
        second_process,
        foreign_directory,
        damaged_file,
        read_only_directory,
        options_without_a_directory,
        file_at_its_limit,
        file_at_its_limit_sync,
        full_disk,
        disk_that_does_not_answer,
        deleted_directory,
        killed_copy,
        stuck_copy
    ].

init_per_testcase(Case, Config) -> data_dir:start(Case, Config).

end_per_testcase(_Case, _Config) -> data_dir:stop().

%% ------------------------------------------------------------------ what cannot be a data directory

second_process(Config) ->
    Groot = data_dir:groot(Config),
    OsPid = os_program:os_pid(cluster:program(Groot)),
    data_dir:refused(data_dir:path(Config), "in use: .* by process " ++ integer_to_list(OsPid)),
    ok = groot_api:set(Groot, still, here),
    here = groot_api:get(Groot, still),
    ok.

foreign_directory(Config) ->
    Letter = filename:join(data_dir:path(Config), "letter.txt"),
    ok = filelib:ensure_dir(Letter),
    ok = file:write_file(Letter, "dear"),
    data_dir:refused(data_dir:path(Config), "something else: .*letter.txt"),
    {ok, ["letter.txt"]} = file:list_dir(data_dir:path(Config)),
    data_dir:refused(Letter, "cannot be used: .*letter.txt").

damaged_file(Config) ->
    Groot = data_dir:groot(Config),
    [ok = groot_api:set(Groot, Key, binary:copy(<<"x">>, 1_000)) || Key <- lists:seq(1, 100)],
    0 = cluster:stop_groot(Groot),
    File = filename:join(data_dir:path(Config), "data.mdb"),
    {ok, Whole} = file:read_file(File),
    [
        begin
            ok = file:write_file(File, Bytes),
            data_dir:refused(data_dir:path(Config), "is damaged"),
            {ok, Bytes} = file:read_file(File)
        end
     || Bytes <- [
            binary:part(Whole, 0, byte_size(Whole) div 2),
            binary:copy(<<"garbage">>, 10_000),
            <<(binary:part(Whole, 0, 8_192))/binary, 0:((byte_size(Whole) - 8_192) * 8)>>,
            binary:replace(Whole, binary:copy(<<"x">>, 900), binary:copy(<<"y">>, 900), [global])
        ]
    ],
    ok = file:write_file(File, Whole),
    Groot = data_dir:groot(Config),
    100 = map_size(groot_api:registers(Groot)),
    ok.

%% Root may write whatever the mode says, so the file system has to refuse.
read_only_directory(Config) ->
    data_dir:with_file_system(Config, "size=4m", fun(Dir) ->
        [] = os:cmd("mount -o remount,ro " ++ Dir),
        data_dir:refused(Dir, "cannot be used: .*Read-only file system")
    end).

options_without_a_directory(_Config) ->
    [
        begin
            Program = cluster:groot_program(refused, ["--cookie", "c" | Args], []),
            {true, Args} = {os_program:await_exit(Program, 5_000) =/= 0, Args},
            os_program:await_line(Program, "--data-dir|--durability", 1_000),
            cluster:forget(cluster:full_name(refused))
        end
     || Args <- [
            ["--durability", "sync"],
            ["--data-max-size", "1GB"],
            ["--data-dir", ""],
            ["--data-dir", "x", "--durability", "maybe"]
        ]
    ],
    ok.

%% ------------------------------------------------------------------ no room

file_at_its_limit(Config) ->
    Groot = data_dir:groot(Config, ["--data-max-size", "1MB"]),
    async = data_dir:saving(Groot),
    ok = groot_api:set(Groot, small, 1),
    ok = groot_api:set(Groot, large, binary:copy(<<"x">>, 2_000_000)),
    failing_and_serving(Groot, "--data-max-size"),
    %% With room again all of it is saved, that of meanwhile included.
    ok = groot_api:set(Groot, large, 2),
    await:equal(async, fun() -> data_dir:saving(Groot) end, 60_000),
    os_program:await_line(cluster:program(Groot), "saved again", 1_000),
    cluster:kill_groot(Groot),
    Groot = data_dir:groot(Config),
    [1, 2, 3] = [groot_api:get(Groot, Key) || Key <- [small, large, meanwhile]],
    ok.

%% `ok` would be a lie.
file_at_its_limit_sync(Config) ->
    Groot = data_dir:groot(Config, ["--data-max-size", "1MB", "--durability", "sync"]),
    ok = groot_api:set(Groot, small, 1),
    Large = binary:copy(<<"x">>, 2_000_000),
    {error, {not_saved, Why}} = groot_api:gen_call(Groot, {set, large, Large}),
    true = is_binary(Why),
    Large = groot_api:get(Groot, large),
    {badrpc, {'EXIT', {#{'__struct__' := 'Elixir.RuntimeError', message := Why}, _}}} =
        groot_api:set(Groot, other, 2),
    2 = groot_api:get(Groot, other),
    {failing, _} = data_dir:saving(Groot),
    {error, {not_saved, _}} = groot_api:gen_call(Groot, {delete, large}),
    await:equal(sync, fun() -> data_dir:saving(Groot) end, 60_000),
    ok = groot_api:set(Groot, other, 3),
    ok.

full_disk(Config) ->
    data_dir:with_file_system(Config, "size=2m", fun(Dir) ->
        Groot = cluster:groot(groot, ["--data-dir", Dir]),
        ok = groot_api:set(Groot, small, 1),
        Filler = filename:join(Dir, "lost+found"),
        _ = file:write_file(Filler, binary:copy(<<0>>, 4_000_000)),
        ok = groot_api:set(Groot, large, binary:copy(<<"x">>, 300_000)),
        failing_and_serving(Groot, "No space left on device"),
        ok = file:delete(Filler),
        await:equal(async, fun() -> data_dir:saving(Groot) end, 60_000),
        cluster:kill_groot(Groot),
        Groot = cluster:groot(groot, ["--data-dir", Dir]),
        [1, 3] = [groot_api:get(Groot, Key) || Key <- [small, meanwhile]],
        300_000 = byte_size(groot_api:get(Groot, large)),
        0 = cluster:stop_groot(Groot)
    end).

%% What hangs is not the disk, but who holds the lock that all who write to the file take: mdb_load,
%% which waits for more to load. To the node both are the same.
disk_that_does_not_answer(Config) ->
    case os:find_executable("mdb_load") of
        false ->
            {skip, "no mdb_load"};
        Load ->
            Groot = data_dir:groot(Config, ["--durability", "sync"]),
            ok = groot_api:set(Groot, before, 1),
            Holder = holder(Load, data_dir:path(Config)),
            Console = cluster:console(),
            Set = fun() -> catch gen_server:call({'Elixir.Groot.Storage', Groot}, {set, waiting, 2}, 60_000) end,
            {Writer, _} = spawn_monitor(fun() -> exit({answered, cluster:on(Console, Set, 60_000)}) end),
            await:equal(2, fun() -> groot_api:get(Groot, waiting) end),
            %% Its answer waits, and nothing else does.
            [1 = groot_api:get(Groot, before) || _ <- lists:seq(1, 100)],
            os_program:await_line(cluster:program(Groot), "no longer saved.*has not answered for", 45_000),
            {failing, _} = data_dir:saving(Groot),
            {error, {not_saved, _}} = groot_api:gen_call(Groot, {set, meanwhile, 3}),
            3 = groot_api:get(Groot, meanwhile),
            {error, {not_saved, _}} =
                receive
                    {'DOWN', _, process, Writer, {answered, Answer}} -> Answer
                after 5_000 -> nobody_answered
                end,
            Began = erlang:monotonic_time(millisecond),
            0 = cluster:stop_groot(Groot),
            true = erlang:monotonic_time(millisecond) - Began < 2_500,
            os_program:kill(Holder),
            Groot = data_dir:groot(Config),
            1 = groot_api:get(Groot, before),
            ok
    end.

holder(Load, Dir) ->
    Pipe = Dir ++ ".pipe",
    {ok, Holder} = os_program:start_link("/bin/sh", [
        "-c",
        "mkfifo \"$1\" && exec 4<>\"$1\" && printf 'VERSION=3\\nformat=print\\ntype=btree\\nHEADER=END\\n' >&4 && "
        "echo ready && exec \"$2\" -s held \"$0\" <\"$1\"",
        Dir, Pipe, Load
    ], []),
    os_program:await_line(Holder, "ready", 10_000),
    Lock = filename:join(Dir, "lock.mdb"),
    Pid = integer_to_list(os_program:os_pid(Holder)),
    await:true(fun() -> string:find(os:cmd("ls -l /proc/" ++ Pid ++ "/fd"), Lock) =/= nomatch end),
    Holder.

%% ------------------------------------------------------------------ no directory any more

deleted_directory(Config) ->
    Groot = data_dir:groot(Config, ["--durability", "sync"]),
    ok = groot_api:set(Groot, before, 1),
    ok = file:del_dir_r(data_dir:path(Config)),
    {error, {not_saved, _}} = groot_api:gen_call(Groot, {set, meanwhile, 3}),
    {failing, Why} = data_dir:saving(Groot),
    true = string:find(Why, "is gone") =/= nomatch,
    [1, 3] = [groot_api:get(Groot, Key) || Key <- [before, meanwhile]],
    await:equal(sync, fun() -> data_dir:saving(Groot) end, 60_000),
    ok = groot_api:set(Groot, 'after', 4),
    cluster:kill_groot(Groot),
    Groot = data_dir:groot(Config),
    [1, 3, 4] = [groot_api:get(Groot, Key) || Key <- [before, meanwhile, 'after']],
    ok.

%% ------------------------------------------------------------------ who reads the file

%% What it had been reading is not kept for ever.
killed_copy(Config) ->
    with_stuck_copy(Config, fun(Groot, Copy, _Pid) ->
        os_program:kill(Copy),
        os_program:await_line(cluster:program(Groot), "1 reader of the data file died", 10_000),
        Before = file_bytes(Config),
        overwrite(Groot, 100),
        true = file_bytes(Config) < Before + 2_000_000
    end).

%% One that is there and reads no further cannot be ended from here; it is said who it is.
stuck_copy(Config) ->
    with_stuck_copy(Config, fun(Groot, Copy, Pid) ->
        [{Pid, Seconds}] = data_dir:readers(Groot),
        true = is_integer(Seconds),
        overwrite(Groot, 10),
        os_program:kill(Copy),
        os_program:await_line(cluster:program(Groot), integer_to_list(Pid) ++ " no longer reads", 10_000),
        undefined = data_dir:readers(Groot)
    end).

%% Test(Groot, Copy, Pid) while mdb_copy waits for somebody to take what it has read.
with_stuck_copy(Config, Test) ->
    case os:find_executable("mdb_copy") of
        false ->
            {skip, "no mdb_copy"};
        Mdb ->
            Groot = data_dir:groot(Config, ["--durability", "sync", "--tombstone-ttl", "4"]),
            [ok = groot_api:set(Groot, Key, binary:copy(<<"x">>, 100_000)) || Key <- lists:seq(1, 10)],
            Pipe = data_dir:path(Config) ++ ".pipe",
            {ok, Copy} = os_program:start_link("/bin/sh", [
                "-c", "mkfifo \"$1\" && exec 4<>\"$1\" && exec \"$2\" \"$0\" >\"$1\"", data_dir:path(Config), Pipe, Mdb
            ], []),
            Pid = os_program:os_pid(Copy),
            Line = "process " ++ integer_to_list(Pid) ++ " has been reading the data file for long",
            os_program:await_line(cluster:program(Groot), Line, 20_000),
            _ = Test(Groot, Copy, Pid),
            ok
    end.

overwrite(Groot, Times) ->
    [ok = groot_api:set(Groot, overwritten, binary:copy(<<N>>, 100_000)) || N <- lists:seq(1, Times)].

file_bytes(Config) ->
    filelib:file_size(filename:join(data_dir:path(Config), "data.mdb")).

failing_and_serving(Groot, Why) ->
    os_program:await_line(cluster:program(Groot), "no longer saved.*" ++ Why, 10_000),
    {failing, Text} = data_dir:saving(Groot),
    true = string:find(Text, Why) =/= nomatch,
    ok = groot_api:set(Groot, meanwhile, 3),
    3 = groot_api:get(Groot, meanwhile),
    ok.
