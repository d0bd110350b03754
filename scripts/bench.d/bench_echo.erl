%% What a call costs where nothing is done for it.
-module(bench_echo).
-behaviour(gen_server).

-export([start/0]).
-export([init/1, handle_call/3, handle_cast/2]).

start() ->
    {ok, _} = gen_server:start({local, ?MODULE}, ?MODULE, [], []),
    ok.

init([]) -> {ok, none}.

handle_call(_Request, _From, State) -> {reply, ok, State}.

handle_cast(_Message, State) -> {noreply, State}.
