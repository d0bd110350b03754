#!/usr/bin/env escript
%%! -noinput -kernel logger_level none
%% Answers each message on stdin, a term without its version byte, with what binary_to_term makes of
%% it: how many bytes it used, in four bytes, or nothing when it refused. Messages have four bytes of
%% length, both ways. Ends with stdin.
main([]) ->
    loop(open_port({fd, 0, 1}, [binary, {packet, 4}, eof])).

loop(Port) ->
    receive
        {Port, {data, Bytes}} ->
            port_command(Port, verdict(Bytes)),
            loop(Port);
        {Port, eof} ->
            ok
    end.

verdict(Bytes) ->
    try binary_to_term(<<131, Bytes/binary>>, [used]) of
        {_, Used} -> <<(Used - 1):32>>
    catch
        error:_ -> <<>>
    end.
