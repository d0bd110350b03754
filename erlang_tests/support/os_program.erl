%% One operating system process behind a port: its output as lines, its exit status, signals.
%% It dies with the Erlang process that owns it, even when the whole VM is killed.
-module(os_program).
-behaviour(gen_server).

-export([start_link/3, os_pid/1, lines/1, await_line/3, await_exit/2, status/1, signal/2, kill/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

%% The shell stays as a guard: when the port closes its standard input, it kills the program.
-define(GUARD,
    "exec 3<&0; \"$@\" </dev/null 3<&- & child=$!; echo \"os pid $child\"; "
    "( /bin/cat <&3 >/dev/null; kill -9 $child ) >/dev/null 2>&1 & guard=$!; "
    "wait $child; status=$?; kill $guard 2>/dev/null; exit $status"
).

%% Environment: [{"NAME", "value" | false}].
start_link(Executable, Args, Environment) ->
    gen_server:start_link(?MODULE, {Executable, Args, Environment}, []).

os_pid(Program) ->
    await:true(fun() -> is_integer(gen_server:call(Program, os_pid)) end),
    gen_server:call(Program, os_pid).

%% What it has written so far to stdout and stderr, oldest first.
lines(Program) ->
    gen_server:call(Program, lines).

%% The first line that matches the regular expression; fails early when the program has ended.
await_line(Program, Pattern, Ms) ->
    await:true(
        fun() ->
            {Lines, Status} = gen_server:call(Program, state),
            Matching = [Line || Line <- Lines, matches(Line, Pattern)],
            Matching =/= [] orelse Status =:= running orelse
                error({program_ended, Status, Lines}),
            Matching =/= []
        end,
        Ms
    ),
    hd([Line || Line <- lines(Program), matches(Line, Pattern)]).

%% The exit status, 128 + N after signal N.
await_exit(Program, Ms) ->
    await:true(fun() -> status(Program) =/= running end, Ms),
    status(Program).

%% Signal: "TERM", "INT", "KILL", "STOP", "CONT" …
signal(Program, Signal) ->
    [] = os:cmd(io_lib:format("kill -~s ~b", [Signal, os_pid(Program)])),
    ok.

kill(Program) ->
    status(Program) =:= running andalso signal(Program, "KILL"),
    gen_server:stop(Program).

%% `running` or the exit status.
status(Program) ->
    {_Lines, Status} = gen_server:call(Program, state),
    Status.

matches(Line, Pattern) ->
    re:run(Line, Pattern, [unicode, {capture, none}]) =:= match.

init({Executable, Args, Environment}) ->
    process_flag(trap_exit, true),
    Port = open_port({spawn_executable, "/bin/sh"}, [
        {args, ["-c", ?GUARD, "sh", Executable | Args]},
        {env, Environment},
        {line, 1 bsl 20},
        binary,
        exit_status,
        stderr_to_stdout
    ]),
    {ok, #{port => Port, os_pid => unknown, lines => [], status => running}}.

handle_call(os_pid, _From, State = #{os_pid := OsPid}) ->
    {reply, OsPid, State};
handle_call(lines, _From, State = #{lines := Lines}) ->
    {reply, lists:reverse(Lines), State};
handle_call(state, _From, State = #{lines := Lines, status := Status}) ->
    {reply, {lists:reverse(Lines), Status}, State}.

handle_cast(_Message, State) ->
    {noreply, State}.

handle_info({Port, {data, {_, <<"os pid ", Digits/binary>>}}}, State = #{port := Port, os_pid := unknown}) ->
    {noreply, State#{os_pid := binary_to_integer(Digits)}};
handle_info({Port, {data, {_, Line}}}, State = #{port := Port, lines := Lines}) ->
    {noreply, State#{lines := [Line | Lines]}};
handle_info({Port, {exit_status, Status}}, State = #{port := Port}) ->
    {noreply, State#{status := Status}};
handle_info({'EXIT', Port, _Reason}, State = #{port := Port}) ->
    {noreply, State};
handle_info({'EXIT', _Owner, Reason}, State) ->
    {stop, Reason, State}.

terminate(_Reason, #{os_pid := OsPid, status := running}) when is_integer(OsPid) ->
    os:cmd(io_lib:format("kill -9 ~b", [OsPid]));
terminate(_Reason, _State) ->
    ok.
