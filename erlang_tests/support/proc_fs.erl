%% What Linux tells of a process: memory in KiB, open files.
-module(proc_fs).

-export([resident_kib/1, peak_kib/1, reset_peak/1, open_files/1, is_sanitized/1]).

-define(TIB_IN_KIB, 1 bsl 30).

resident_kib(OsPid) -> status(OsPid, "VmRSS").

%% The most since the process began or reset_peak/1.
peak_kib(OsPid) -> status(OsPid, "VmHWM").

reset_peak(OsPid) ->
    ok = file:write_file(path(OsPid, "clear_refs"), "5").

open_files(OsPid) ->
    {ok, Names} = file:list_dir(path(OsPid, "fd")),
    length(Names).

%% AddressSanitizer reserves terabytes of addresses, and what it says of memory is its own.
is_sanitized(OsPid) -> status(OsPid, "VmSize") > ?TIB_IN_KIB.

status(OsPid, Field) ->
    {ok, Text} = file:read_file(path(OsPid, "status")),
    {match, [Digits]} = re:run(Text, Field ++ ":\\s+(\\d+) kB", [{capture, all_but_first, binary}]),
    binary_to_integer(Digits).

path(OsPid, Name) ->
    filename:join(["/proc", integer_to_list(OsPid), Name]).
