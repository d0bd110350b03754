%% The cluster that a suite runs against: an epmd of its own, BEAM peers with or without Groot, and
%% nodes under test. One at a time; everything it started is dead when stop/0 returns.
-module(cluster).
-behaviour(gen_server).

-export([start/1, start/2, stop/0, start_pair/2, tidy/1, verdict/0]).
-export([cookie/0, epmd_port/0, stop_epmd/0, start_epmd/0, registered_names/0]).
-export([available/1, preferably/1, peer/2, peer/3, peers/1, stop_peer/1, call/4, call/5, on/2, on/3]).
-export([groot/1, groot/2, groot_of/3, groot_program/3, groot_program/4, program/1, stop_groot/1, kill_groot/1, forget/1, full_name/1]).
-export([storage_replaced/1, kill_storage/1, forgive/2, log_of/1, is_beam/1, beams/0, groots/0, await_connected/2, connection/2, console/0, set_console/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-define(CALL_MS, 30_000).
-define(BOOT_MS, 60_000).
-define(READY_MS, 15_000).

%% ------------------------------------------------------------------ life

start(Config) ->
    start(Config, #{}).

%% Options: host => "127.0.0.1" (what follows the `@`), long_names => true, beam_args => [],
%% quiet => false (true: whatever a BEAM peer logs from `warning` up is a fault).
%% A cluster left over by a suite whose start failed half way goes first.
start(Config, Options) ->
    whereis(?MODULE) =:= undefined orelse stop(),
    Defaults = #{host => "127.0.0.1", long_names => true, beam_args => [], quiet => false},
    Folder = proplists:get_value(priv_dir, Config),
    {ok, _} = gen_server:start(
        {local, ?MODULE}, ?MODULE, (maps:merge(Defaults, Options))#{folder => Folder}, []
    ),
    ok.

stop() ->
    [drop_peer(Node) || Node <- beams()],
    gen_server:stop(?MODULE).

%% With two stock peers that know each other: a, 0.1.x, and b, where it can be had with delete.
start_pair(Config, Options) ->
    start(Config, Options),
    [A, B] = peers([{a, v0_1}, {b, preferably(with_delete)}]),
    true = call(A, net_kernel, connect_node, [B]),
    [{a, A}, {b, B} | Config].

%% For end_per_testcase: the verdict, and then only the BEAM peers in Keep are left.
tidy(Keep) ->
    Verdict = verdict(),
    [kill_groot(Node) || Node <- groots()],
    [drop_peer(Node) || Node <- beams() -- Keep],
    [await:equal([], fun() -> call(Node, erlang, nodes, [connected]) -- beams() end) || Node <- beams()],
    Verdict.

%% `ok` when, since the last verdict, no BEAM peer has logged an error, no
%% storage process has been replaced and no node under test has ended, except where the test said
%% so; else `{fail, Reasons}`.
verdict() ->
    Faults = lists:append([faults_of(Node) || Node <- beams()]) ++ gen_server:call(?MODULE, ended),
    gen_server:call(?MODULE, forget_forgiven),
    case Faults of
        [] -> ok;
        _ -> {fail, Faults}
    end.

faults_of(Node) ->
    #{forgiven := Forgiven, storage := Expected} = entry(Node),
    #{quiet := Quiet} = options(),
    Events = call(Node, peer_log, events, []),
    call(Node, peer_log, clear, []),
    Logged = [
        {Node, Level, Text}
     || {Level, Text} <- Events,
        Quiet orelse is_fault(Level, Text),
        not lists:any(fun(Pattern) -> matches(Text, Pattern) end, Forgiven)
    ],
    case call(Node, erlang, whereis, ['Elixir.Groot.Storage']) of
        Expected ->
            Logged;
        Other ->
            storage_replaced(Node),
            [{Node, storage_process_replaced, Expected, Other} | Logged]
    end.

is_fault(warning, Text) -> matches(Text, "rejected|Invalid|lost connection|not responding");
is_fault(Level, _Text) -> logger:compare_levels(Level, error) =/= lt.

matches(Text, Pattern) ->
    re:run(Text, Pattern, [unicode, {capture, none}]) =:= match.

%% ------------------------------------------------------------------ epmd

cookie() -> "cookie_of_the_suite".

epmd_port() -> gen_server:call(?MODULE, epmd_port).

stop_epmd() -> gen_server:call(?MODULE, stop_epmd).

%% On the port that this cluster has had from the start.
start_epmd() -> gen_server:call(?MODULE, start_epmd).

registered_names() -> epmd_client:names(epmd_port()).

%% ------------------------------------------------------------------ BEAM peers

%% Whether peers of this version can be had: the real Groot comes in one version only.
available(Version) ->
    os:getenv("GROOT_EBIN") =:= false orelse lists:member(Version, [no_groot, v0_1]).

%% Version where it can be had, else the one there is.
preferably(Version) ->
    case available(Version) of
        true -> Version;
        false -> v0_1
    end.

peers(NamesAndVersions) ->
    %% Compiled here, once, rather than by each worker.
    [code_path(Version) || {_, Version} <- NamesAndVersions],
    Workers = [
        spawn_monitor(fun() -> exit({started, peer(Name, Version)}) end)
     || {Name, Version} <- NamesAndVersions
    ],
    [
        receive
            {'DOWN', Monitor, process, Pid, {started, Node}} -> Node;
            {'DOWN', Monitor, process, Pid, Reason} -> error({peer_not_started, Reason})
        end
     || {Pid, Monitor} <- Workers
    ].

peer(Name, Version) ->
    peer(Name, Version, []).

%% Starts a visible BEAM node. Version: stand_in:version(), or `no_groot`. Its name as a node name.
peer(Name, Version, ExtraArgs) ->
    #{host := Host, long_names := LongNames, beam_args := BeamArgs} = options(),
    {ok, Control, Node} = peer:start(#{
        name => Name,
        host => Host,
        longnames => LongNames,
        connection => standard_io,
        wait_boot => ?BOOT_MS,
        env => environment(),
        args => ["-start_epmd", "false", "-setcookie", cookie() | BeamArgs] ++ code_path(Version) ++ ExtraArgs
    }),
    [load(Control, Module) || Module <- [peer_log, keeper]],
    ok = peer:call(Control, peer_log, install, []),
    Version =:= no_groot orelse
        ({ok, _} = peer:call(Control, application, ensure_all_started, [groot], ?CALL_MS)),
    Entry = #{
        kind => beam,
        control => Control,
        version => Version,
        loaded => [peer_log, keeper],
        storage => peer:call(Control, erlang, whereis, ['Elixir.Groot.Storage']),
        forgiven => []
    },
    ok = gen_server:call(?MODULE, {enter, Node, Entry}),
    Node.

code_path(no_groot) ->
    [];
code_path(Version) ->
    case os:getenv("GROOT_EBIN") of
        false ->
            #{folder := Folder} = options(),
            ["-pa", stand_in:ebin(Version, Folder)];
        Ebin ->
            Libraries = string:trim(os:cmd("elixir -e 'IO.puts(:code.lib_dir(:elixir))'")),
            Elixir = filename:dirname(Libraries),
            ["-pa", Ebin | [filename:join([Elixir, App, "ebin"]) || App <- ["elixir", "logger"]]]
    end.

%% Returns once all others have seen it go.
stop_peer(Node) ->
    drop_peer(Node),
    [await:equal(false, fun() -> lists:member(Node, call(Each, erlang, nodes, [connected])) end) || Each <- beams()],
    %% What global has to say of it is said.
    [call(Each, sys, get_state, [global_name_server]) || Each <- beams()],
    ok.

%% Where two others see it go one after the other, the first asks the next to let it go, too, and that
%% logs a warning: what `global` does, and no fault.
drop_peer(Node) ->
    #{control := Control} = entry(Node),
    ok = gen_server:call(?MODULE, {remove, Node}),
    [forgive(Each, "'" ++ atom_to_list(Node) ++ "' in order to prevent overlapping partitions") || Each <- beams()],
    halt_peer(Control).

%% Also one that has died already.
halt_peer(Control) ->
    try peer:stop(Control) catch exit:_ -> ok end.

call(Node, Module, Function, Args) ->
    call(Node, Module, Function, Args, ?CALL_MS).

call(Node, Module, Function, Args, Ms) ->
    #{control := Control} = entry(Node),
    peer:call(Control, Module, Function, Args, Ms).

%% Runs Fun() inside a BEAM peer; the modules of the test that it needs go there first.
on(Node, Fun) ->
    on(Node, Fun, ?CALL_MS).

on(Node, Fun, Ms) ->
    #{control := Control, loaded := Loaded} = Entry = entry(Node),
    Missing = lists:usort([await, terms, like_beam, asking, latency, node_watcher | modules_of(Fun)]) -- Loaded,
    [load(Control, Each) || Each <- Missing],
    ok = gen_server:call(?MODULE, {enter, Node, Entry#{loaded := Missing ++ Loaded}}),
    peer:call(Control, erlang, apply, [Fun, []], Ms).

%% Where Fun and the funs that it holds were written.
modules_of(Fun) ->
    {module, Module} = erlang:fun_info(Fun, module),
    {env, Held} = erlang:fun_info(Fun, env),
    [Module | lists:append([modules_of(Each) || Each <- Held, is_function(Each)])].

load(Control, Module) ->
    {Module, Binary, File} = code:get_object_code(Module),
    {module, Module} = peer:call(Control, code, load_binary, [Module, File, Binary]).

%% The next verdict takes the storage process that Node has now for the right one.
storage_replaced(Node) ->
    Storage = call(Node, erlang, whereis, ['Elixir.Groot.Storage']),
    gen_server:call(?MODULE, {enter, Node, (entry(Node))#{storage := Storage}}).

%% The storage process of Node dies and loses its data; returns once the supervisor has a new one.
kill_storage(Node) ->
    forgive(Node, "Groot"),
    Storage = fun() -> call(Node, erlang, whereis, ['Elixir.Groot.Storage']) end,
    Before = Storage(),
    true = call(Node, erlang, exit, [Before, kill]),
    Replaced = fun(Now) -> is_pid(Now) andalso Now =/= Before end,
    await:true(fun() -> Replaced(Storage()) end),
    storage_replaced(Node).

%% Until the next verdict, log events of Node that match Pattern are no fault.
forgive(Node, Pattern) ->
    Entry = #{forgiven := Forgiven} = entry(Node),
    gen_server:call(?MODULE, {enter, Node, Entry#{forgiven := [Pattern | Forgiven]}}).

beams() ->
    [Node || {Node, #{kind := beam}} <- gen_server:call(?MODULE, entries)].

groots() ->
    [Node || {Node, #{kind := groot}} <- gen_server:call(?MODULE, entries)].

%% Waits until each of Beams has a link to Groot, within the five seconds that finding it may take.
await_connected(Groot, Beams) ->
    [
        await:true(fun() -> lists:member(Groot, call(Beam, erlang, nodes, [connected])) end, 5_000)
     || Beam <- Beams
    ],
    ok.

%% What controls the one connection of Beam to Node, the same from its beginning to its end; or none.
connection(Beam, Node) ->
    case [Owner || {Peer, Owner} <- call(Beam, erlang, system_info, [dist_ctrl]), Peer =:= Node] of
        [Owner] -> Owner;
        [] -> none
    end.

%% The BEAM peer from which groot_api reaches nodes under test: the first one, unless named.
console() ->
    case gen_server:call(?MODULE, console) of
        none -> hd(beams());
        Node -> Node
    end.

set_console(Node) -> gen_server:call(?MODULE, {set_console, Node}).

is_beam(Node) ->
    lists:member(Node, beams()).

%% ------------------------------------------------------------------ nodes under test

groot(Name) -> groot(Name, []).

%% Starts a node under test with the cluster's cookie and waits until it is ready.
groot(Name, ExtraArgs) ->
    groot_of(groot_program:executable(), Name, ExtraArgs).

%% The same with another build of the program.
groot_of(Executable, Name, ExtraArgs) ->
    Program = groot_program(Executable, Name, ["--cookie", cookie() | ExtraArgs], []),
    os_program:await_line(Program, "ready: ", ?READY_MS),
    full_name(Name).

%% The same with arguments of the test's own, without waiting; the program, for os_program. Name is
%% passed as --name or --sname in full, unless Args or the environment name the node.
groot_program(Name, Args, ExtraEnvironment) ->
    groot_program(groot_program:executable(), Name, Args, ExtraEnvironment).

groot_program(Executable, Name, Args, ExtraEnvironment) ->
    gen_server:call(?MODULE, {groot, Executable, Name, Args, ExtraEnvironment}).

%% For a program that has ended, or was ended by the test.
forget(Node) ->
    gen_server:call(?MODULE, {remove, Node}).

program(Node) ->
    maps:get(program, entry(Node)).

log_of(Node) -> os_program:lines(program(Node)).

%% SIGTERM; returns the exit status.
stop_groot(Node) ->
    Program = program(Node),
    ok = gen_server:call(?MODULE, {remove, Node}),
    os_program:signal(Program, "TERM"),
    os_program:await_exit(Program, 5_000).

%% SIGKILL: no goodbye.
kill_groot(Node) ->
    Program = program(Node),
    ok = gen_server:call(?MODULE, {remove, Node}),
    os_program:kill(Program).

full_name(Name) ->
    #{host := Host} = options(),
    list_to_atom(atom_to_list(Name) ++ "@" ++ Host).

%% ------------------------------------------------------------------ the owner of it all

options() -> gen_server:call(?MODULE, options).

environment() ->
    [{"ERL_EPMD_PORT", integer_to_list(epmd_port())}].

entry(Node) ->
    {Node, Entry} = lists:keyfind(Node, 1, gen_server:call(?MODULE, entries)),
    Entry.

init(Options) ->
    process_flag(trap_exit, true),
    Port = epmd_client:free_port(),
    {ok, start_epmd(#{options => Options, epmd_port => Port, epmd => none, console => none, entries => #{}})}.

start_epmd(State = #{epmd_port := Port, epmd := none}) ->
    Executable = os:find_executable("epmd"),
    {ok, Epmd} = os_program:start_link(Executable, ["-port", integer_to_list(Port)], []),
    await:true(fun() -> epmd_client:is_up(Port) end),
    State#{epmd := Epmd}.

handle_call(options, _From, State = #{options := Options}) ->
    {reply, Options, State};
handle_call(epmd_port, _From, State = #{epmd_port := Port}) ->
    {reply, Port, State};
handle_call(stop_epmd, _From, State = #{epmd := Epmd}) ->
    {reply, os_program:kill(Epmd), State#{epmd := none}};
handle_call(start_epmd, _From, State) ->
    {reply, ok, start_epmd(State)};
handle_call(console, _From, State = #{console := Console}) ->
    {reply, Console, State};
handle_call({set_console, Node}, _From, State) ->
    {reply, ok, State#{console := Node}};
handle_call(entries, _From, State = #{entries := Entries}) ->
    {reply, lists:sort(maps:to_list(Entries)), State};
handle_call({enter, Node, Entry}, _From, State = #{entries := Entries}) ->
    {reply, ok, State#{entries := Entries#{Node => Entry}}};
handle_call({remove, Node}, _From, State = #{entries := Entries}) ->
    {reply, ok, State#{entries := maps:remove(Node, Entries)}};
handle_call(forget_forgiven, _From, State = #{entries := Entries}) ->
    Clean = maps:map(
        fun
            (_, Entry = #{kind := beam}) -> Entry#{forgiven := []};
            (_, Entry) -> Entry
        end,
        Entries
    ),
    {reply, ok, State#{entries := Clean}};
handle_call(ended, _From, State = #{entries := Entries}) ->
    {reply, [Fault || {Node, #{kind := groot, program := Program}} <- maps:to_list(Entries),
                      Fault <- ended(Node, Program)], State};
handle_call({groot, Executable, Name, Args, ExtraEnvironment}, _From, State) ->
    {Program, Next} = start_groot(Executable, Name, Args, ExtraEnvironment, State),
    {reply, Program, Next}.

ended(Node, Program) ->
    case os_program:status(Program) of
        running -> [];
        Status -> [{Node, ended, Status, lists:sublist(lists:reverse(os_program:lines(Program)), 20)}]
    end.

start_groot(Executable, Name, Args, ExtraEnvironment, State) ->
    #{options := Options, epmd_port := Port, entries := Entries} = State,
    {Node, Program} = groot_program:start_link(
        Executable, Name, Args, ExtraEnvironment, Options#{epmd_port => Port}
    ),
    {Program, State#{entries := Entries#{Node => #{kind => groot, program => Program}}}}.

handle_cast(_Message, State) ->
    {noreply, State}.

handle_info(_Message, State) ->
    {noreply, State}.

terminate(_Reason, #{entries := Entries, epmd := Epmd}) ->
    [os_program:kill(Program) || #{kind := groot, program := Program} <- maps:values(Entries)],
    [halt_peer(Control) || #{kind := beam, control := Control} <- maps:values(Entries)],
    Epmd =:= none orelse os_program:kill(Epmd).
