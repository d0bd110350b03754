%% Runs inside a BEAM peer: a process that does something and then stays, holding what it got by it,
%% until it is killed.
-module(keeper).

-export([start/1]).

%% Returns once Act() is done.
start(Act) ->
    Ready = make_ref(),
    Caller = self(),
    Keeper = spawn(fun() ->
        Act(),
        Caller ! Ready,
        receive after infinity -> ok end
    end),
    receive
        Ready -> Keeper
    end.
