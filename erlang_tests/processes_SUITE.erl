%% The processes of the node, as those who look at a cluster see them: the shell, tools, GenServer.stop.
-module(processes_SUITE).

-export([all/0, groups/0, suite/0, init_per_group/2, end_per_group/2, end_per_testcase/2]).
-export([processes_of_the_node/1, processes_in_the_shell/1, clocks_have_the_stock_shape/1, stop_of_a_process/1]).
-import(asking, [stock/1, on/2, like_a_beam/2, pid_of/2, unused_pid/1]).
-import(like_beam, [same/2]).

-define(GROOT, 'Elixir.Groot').
-define(STORAGE, 'Elixir.Groot.Storage').
-define(CLOCK, 'Elixir.Groot.Clock').
-define(CLOCK_SYNC, 'Elixir.Groot.ClockSync').
-define(AT_ONCE_MS, 2_000).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [{group, hidden}, {group, visible}].

groups() ->
    Cases = [processes_of_the_node, processes_in_the_shell, clocks_have_the_stock_shape, stop_of_a_process],
    [{Visibility, [], Cases} || Visibility <- [hidden, visible]].

init_per_group(Visibility, Config) -> asking:start_beside_stock(Visibility, Config).

end_per_group(_Visibility, _Config) ->
    cluster:stop().

end_per_testcase(_Case, _Config) ->
    cluster:verdict().

processes_of_the_node(Config) ->
    like_a_beam(Config, fun(Node) ->
        [Rex, Nobody] = [pid_of(rex, Node), unused_pid(Node)],
        [
            lists:member(Rex, rpc:call(Node, erlang, processes, [])),
            [rpc:call(Node, erlang, is_process_alive, [Pid]) || Pid <- [Rex, Nobody]],
            [error_of(rpc:call(Node, erlang, Function, [Wrong])) || Function <- [is_process_alive, process_info], Wrong <- [self(), rex]],
            rpc:pinfo(Nobody),
            rpc:pinfo(Nobody, status),
            rpc:pinfo(Rex, [registered_name, message_queue_len, messages, trap_exit, priority, error_handler]),
            rpc:pinfo(Rex, registered_name),
            rpc:pinfo(Rex, []),
            error_of(rpc:call(Node, erlang, process_info, [Rex, no_such_item])),
            [Item || {Item, _} <- rpc:pinfo(Rex), Item =/= label]
        ]
    end),
    on(Config, fun(Groot) ->
        Pids = rpc:call(Groot, erlang, processes, []),
        Named = [pid_of(Name, Groot) || Name <- rpc:call(Groot, erlang, registered, [])],
        [] = Named -- Pids,
        %% Elixir's names for the same. Of a process that answers the call itself, nothing is left.
        [] = Named -- rpc:call(Groot, 'Elixir.Process', list, []),
        [Storage] = [Pid || Pid <- Named, rpc:call(Groot, 'Elixir.Process', info, [Pid, registered_name]) =:= {registered_name, ?STORAGE}],
        Storage = rpc:call(Groot, 'Elixir.Process', whereis, [?STORAGE]),
        nil = rpc:call(Groot, 'Elixir.Process', whereis, [nobody]),
        true = rpc:call(Groot, 'Elixir.Process', 'alive?', [Storage]),
        true = rpc:call(Groot, 'Elixir.Kernel', 'function_exported?', [?GROOT, set, 2]),
        false = rpc:call(Groot, 'Elixir.Kernel', 'function_exported?', ['Elixir.Fly', my_region, 0]),
        Groot = rpc:call(Groot, 'Elixir.Kernel', node, [])
    end).

%% What the shell prints of all nodes, ours among them where it is visible.
processes_in_the_shell(Config) ->
    on(Config, fun(Groot) ->
        Storage = pid_of(?STORAGE, Groot),
        true = printed(fun() -> c:i([Storage]) end, "'Elixir.Groot.Storage':init/1"),
        Visible = lists:member(Groot, nodes()),
        same(Visible, printed(fun() -> c:nregs() end, "Registered procs on node '" ++ atom_to_list(Groot))),
        same(Visible, printed(fun() -> c:ni() end, pid_to_list(Storage)))
    end).

%% Whether Act() prints this.
printed(Act, Text) ->
    Reader = self(),
    Leader = spawn_link(fun() -> collect(Reader, []) end),
    {Pid, Monitor} = spawn_monitor(fun() -> group_leader(Leader, self()), ok = Act() end),
    {Pid, normal} = like_beam:down(Monitor),
    Leader ! done,
    receive
        {Leader, Printed} -> string:find(Printed, Text) =/= nomatch
    end.

%% A group leader that keeps what it is to print, and says yes to `more?`.
collect(Reader, Printed) ->
    receive
        {io_request, From, As, {put_chars, _, Module, Function, Args}} ->
            From ! {io_reply, As, ok},
            collect(Reader, [Printed | apply(Module, Function, Args)]);
        {io_request, From, As, {put_chars, _, Chars}} ->
            From ! {io_reply, As, ok},
            collect(Reader, [Printed | Chars]);
        {io_request, From, As, {get_line, _, _}} ->
            From ! {io_reply, As, "y\n"},
            collect(Reader, Printed);
        {io_request, From, As, _} ->
            From ! {io_reply, As, {error, enotsup}},
            collect(Reader, Printed);
        done ->
            Reader ! {self(), unicode:characters_to_list(Printed)}
    end.

clocks_have_the_stock_shape(Config) ->
    Shape = fun(ClockSync, #{timestamp := Stamp} = Clock) ->
        {ClockSync, lists:sort(maps:keys(Clock)), maps:get(max_drift, Clock), lists:sort(maps:keys(Stamp)), maps:get('__struct__', Stamp)}
    end,
    Stock = stock(Config),
    Theirs = Shape(cluster:call(Stock, sys, get_state, [?CLOCK_SYNC]), cluster:call(Stock, sys, get_state, [?CLOCK])),
    Ours = on(Config, fun(Groot) ->
        #{node_id := Id, timestamp := Stamp} = Clock = sys:get_state({?CLOCK, Groot}),
        {ok, #{node_id := Id} = Later} = gen_server:call({?CLOCK, Groot}, send_timestamp),
        true = maps:with([time, counter], Later) =/= maps:with([time, counter], Stamp),
        Shape(sys:get_state({?CLOCK_SYNC, Groot}), Clock)
    end),
    same(Theirs, Ours).

%% The caller exits with a reason that it can read; the process lives on, also to whoever watches it.
stop_of_a_process(Config) ->
    on(Config, fun(Groot) ->
        Pid = pid_of(?STORAGE, Groot),
        Watch = monitor(process, Pid),
        ok = gen_server:call(Pid, {set, kept, 1}),
        [
            begin
                {exit, Reason} = like_beam:outcome(fun() -> Stop(To) end),
                {not_supported, Text} = without_mfa(Reason),
                {match, _} = re:run(Text, "Groot.Storage lives as long as its node")
            end
         || To <- [{?STORAGE, Groot}, Pid],
            Stop <- [
                fun(Process) -> gen_server:stop(Process) end,
                fun(Process) -> gen_server:stop(Process, shutdown, ?AT_ONCE_MS) end,
                fun(Process) -> proc_lib:stop(Process) end,
                fun(Process) -> sys:terminate(Process, normal) end
            ]
        ],
        1 = gen_server:call(Pid, {get, kept}),
        true = demonitor(Watch, [flush, info]),
        same({messages, []}, process_info(self(), messages))
    end).

without_mfa({Reason, {_, _, _}}) -> Reason;
without_mfa(Reason) -> Reason.

error_of({badrpc, {'EXIT', {Reason, [{Module, Function, _, _} | _]}}}) -> {Reason, Module, Function};
error_of(Answer) -> Answer.
