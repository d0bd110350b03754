%% Runs inside a BEAM peer: a process that keeps all that it is told, above all of nodes.
-module(node_watcher).

-export([start/1, start_with/1, seen/1]).

%% Told by net_kernel:monitor_nodes(true, Options).
start(Options) ->
    start_with(fun() -> ok = net_kernel:monitor_nodes(true, Options) end).

%% Told what Subscribe() asks for.
start_with(Subscribe) ->
    Ready = make_ref(),
    Caller = self(),
    Watcher = spawn(fun() ->
        process_flag(trap_exit, true),
        Subscribe(),
        Caller ! Ready,
        watching([])
    end),
    receive
        Ready -> Watcher
    end.

watching(Seen) ->
    receive
        {seen, Pid} -> Pid ! {self(), lists:reverse(Seen)}, watching(Seen);
        Event -> watching([Event | Seen])
    end.

%% Oldest first.
seen(Watcher) ->
    Watcher ! {seen, self()},
    receive
        {Watcher, Seen} -> Seen
    end.
