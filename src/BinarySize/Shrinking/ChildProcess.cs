using System.Buffers.Text;
using System.Collections;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BinarySize.Shrinking;

/// <summary>One measured run.</summary>
/// <param name="Elapsed">From start to end.</param>
/// <param name="ExitCode">Exit code; 0 where a signal ended it.</param>
/// <param name="Signal">The signal that ended it; 0 where none did.</param>
/// <param name="PeakMemory">Peak resident memory in bytes; 0 where it was not watched.</param>
/// <param name="TimedOut">It was ended, because it took too long.</param>
/// <param name="Problem">Why it could not be started; null where it was.</param>
internal readonly record struct ChildRun(TimeSpan Elapsed, int ExitCode, int Signal, long PeakMemory, bool TimedOut, string? Problem);

/// <summary>
/// Runs a program for its time and memory alone: output goes nowhere. On Linux and macOS without
/// <see cref="Process"/>, whose news of an exit takes longer than a small program runs, and which does not tell its memory.
/// </summary>
internal static unsafe partial class ChildProcess
{
    private const int Interrupted = 4, SigKill = 9;

    private const short SetGroup = 2, SetDefaultSignals = 4, SetSignalMask = 8;

    private static readonly TimeSpan s_spin = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// True on Linux: what the kernel tells of an ended process begins with the memory of the one that started it, which is
    /// larger than most. There a run is watched while it lasts, which takes a core, so time is not measured in it.
    /// </summary>
    public static bool MustWatchMemory => OperatingSystem.IsLinux();

    public static ChildRun Run(MeasuredCommand command, TimeSpan timeout, bool watchMemory, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        string? program = ExternalTool.Find([command.Program], command.Program.Contains('/') || command.Program.Contains('\\') ? command.Program : null);
        if (program is null) return new ChildRun(default, 0, 0, 0, false, $"'{command.Program}' is not there, or can't be run");
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            return nint.Size == 8 ? Spawn(program, command, timeout, watchMemory && OperatingSystem.IsLinux(), cancel) : new ChildRun(default, 0, 0, 0, false, "start-up is not measured on 32-bit systems");
        }
        return Start(program, command, timeout, cancel);
    }

    private static ChildRun Spawn(string program, MeasuredCommand command, TimeSpan timeout, bool watchMemory, CancellationToken cancel)
    {
        long ownPeak = OperatingSystem.IsLinux() ? PeakOf("/proc/self/status") : 0;
        var strings = new List<nint>();
        // Larger than these types are in any C library.
        byte* actions = stackalloc byte[1024], attributes = stackalloc byte[1024], signals = stackalloc byte[256];
        NativeMemory.Clear(actions, 1024);
        NativeMemory.Clear(attributes, 1024);
        _ = InitActions(actions);
        _ = InitAttributes(attributes);
        try
        {
            byte* Native(string text)
            {
                strings.Add(Marshal.StringToCoTaskMemUTF8(text));
                return (byte*)strings[^1];
            }
            byte*[] Array(IEnumerable<string> items)
            {
                string[] all = [.. items];
                byte*[] native = new byte*[all.Length + 1];
                for (int i = 0; i < all.Length; i++) native[i] = Native(all[i]);
                return native;
            }

            const int readWrite = 2;
            byte* nowhere = Native("/dev/null");
            for (int file = 0; file <= 2; file++) _ = AddOpen(actions, file, nowhere, readWrite, 0);
            if (command.WorkingDirectory is { } folder) _ = AddFolder(actions, Native(folder));
            // A group of its own, so that everything that it starts can be ended; and none of what this runtime does with signals.
            _ = SetFlags(attributes, SetGroup | SetDefaultSignals | SetSignalMask);
            _ = FillSignals(signals);
            _ = SetDefaults(attributes, signals);
            _ = EmptySignals(signals);
            _ = SetMask(attributes, signals);

            byte*[] arguments = Array([command.Program, .. command.Arguments]);
            var variables = new List<string>();
            foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            {
                if (!command.Environment.ContainsKey((string)variable.Key)) variables.Add($"{variable.Key}={variable.Value}");
            }
            foreach ((string name, string? value) in command.Environment)
            {
                if (value is not null) variables.Add($"{name}={value}");
            }
            byte*[] environment = Array(variables);
            int pid;
            long begin = Stopwatch.GetTimestamp();
            fixed (byte** a = arguments, e = environment)
            {
                int error = PosixSpawn(&pid, Native(program), actions, attributes, a, e);
                if (error != 0) return new ChildRun(default, 0, 0, 0, false, $"'{program}' could not be started: {new Win32Exception(error).Message}");
            }
            return Wait(pid, begin, timeout, watchMemory, ownPeak, cancel);
        }
        finally
        {
            _ = FreeActions(actions);
            _ = FreeAttributes(attributes);
            foreach (nint text in strings) Marshal.FreeCoTaskMem(text);
        }
    }

    private static ChildRun Wait(int pid, long begin, TimeSpan timeout, bool watchMemory, long ownPeak, CancellationToken cancel)
    {
        var turn = new Lock();
        bool ended = false, killed = false;
        void End()
        {
            lock (turn)
            {
                // As long as it is not waited for, its number belongs to nobody else.
                if (ended) return;
                killed = true;
                _ = Kill(-pid, SigKill);
            }
        }

        long peak;
        TimeSpan elapsed;
        using (new Timer(_ => End(), null, timeout, Timeout.InfiniteTimeSpan))
        using (cancel.Register(End))
        {
            peak = watchMemory ? Watch(pid) : 0;
            byte* information = stackalloc byte[256];
            int exitedAndLeave = 4 | (OperatingSystem.IsMacOS() ? 0x20 : 0x0100_0000);
            while (WaitId(1, pid, information, exitedAndLeave) != 0 && Marshal.GetLastPInvokeError() == Interrupted)
            {
            }
            elapsed = Stopwatch.GetElapsedTime(begin);
            lock (turn) ended = true;
        }
        // What it left running would disturb the next run.
        _ = Kill(-pid, SigKill);
        int status = 0;
        long* usage = stackalloc long[64];
        while (WaitFor(pid, &status, 0, usage) < 0 && Marshal.GetLastPInvokeError() == Interrupted)
        {
        }
        cancel.ThrowIfCancellationRequested();
        // Two times of 16 bytes stand before it; macOS counts bytes, Linux kibibytes.
        long told = OperatingSystem.IsMacOS() ? usage[4] : usage[4] * 1024;
        if (OperatingSystem.IsMacOS() || (watchMemory && told > ownPeak)) peak = Math.Max(peak, told);
        return killed
            ? new ChildRun(elapsed, 0, 0, 0, true, null)
            : new ChildRun(elapsed, (status >> 8) & 0xFF, status & 0x7F, peak, false, null);
    }

    /// <summary>The peak memory of a process and those below it, by looking as often as possible until it ends.</summary>
    private static long Watch(int root)
    {
        var files = new Dictionary<int, SafeFileHandle>();
        long begin = Stopwatch.GetTimestamp(), peak = 0;
        try
        {
            files[root] = File.OpenHandle($"/proc/{root}/status");
            for (int look = 0; ; look++)
            {
                long now = PeakOf(files[root]);
                if (now == 0) return peak;
                peak = Math.Max(peak, now);
                if (look % 8 == 0) AddChildren(root, files, 0);
                foreach ((int pid, SafeFileHandle file) in files)
                {
                    if (pid != root) peak = Math.Max(peak, PeakOf(file));
                }
                if (Stopwatch.GetElapsedTime(begin) > s_spin) Thread.Sleep(1);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return peak;
        }
        finally
        {
            foreach (SafeFileHandle file in files.Values) file.Dispose();
        }
    }

    private static void AddChildren(int pid, Dictionary<int, SafeFileHandle> files, int depth)
    {
        string list = $"/proc/{pid}/task/{pid}/children";
        if (depth > 8 || files.Count > 256 || !File.Exists(list)) return;
        try
        {
            foreach (string number in File.ReadAllText(list).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (!int.TryParse(number, out int child)) continue;
                if (!files.ContainsKey(child)) files[child] = File.OpenHandle($"/proc/{child}/status");
                AddChildren(child, files, depth + 1);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
        }
    }

    private static long PeakOf(string path)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            return PeakOf(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    // proc(5): "VmHWM: Peak resident set size ("high water mark")", in kB; a process that has ended has none.
    private static long PeakOf(SafeFileHandle status)
    {
        Span<byte> text = stackalloc byte[4096];
        int count;
        try
        {
            count = RandomAccess.Read(status, text, 0);
        }
        catch (IOException)
        {
            return 0;
        }
        text = text[..count];
        int at = text.IndexOf("VmHWM:"u8);
        if (at < 0) return 0;
        ReadOnlySpan<byte> number = text[(at + 6)..].TrimStart(" \t"u8);
        return Utf8Parser.TryParse(number, out long kibibytes, out _) ? kibibytes * 1024 : 0;
    }

    private static ChildRun Start(string program, MeasuredCommand command, TimeSpan timeout, CancellationToken cancel)
    {
        ProcessStartInfo info = command.IsRaw ? new ProcessStartInfo(program) { Arguments = command.Arguments[0] } : new ProcessStartInfo(program, command.Arguments);
        info.CreateNoWindow = true;
        info.RedirectStandardInput = info.RedirectStandardOutput = info.RedirectStandardError = true;
        if (command.WorkingDirectory is { } folder) info.WorkingDirectory = folder;
        foreach ((string name, string? value) in command.Environment)
        {
            if (value is null) info.Environment.Remove(name);
            else info.Environment[name] = value;
        }
        using var process = new Process { StartInfo = info };
        long begin = Stopwatch.GetTimestamp(), peak = 0;
        try
        {
            process.Start();
        }
        catch (Exception e) when (e is Win32Exception or IOException or InvalidOperationException)
        {
            return new ChildRun(default, 0, 0, 0, false, $"'{program}' could not be started: {e.Message}");
        }
        process.StandardInput.Close();
        var ignored = new LineTail(1);
        Task output = Task.WhenAll(ignored.ReadAsync(process.StandardOutput), new LineTail(1).ReadAsync(process.StandardError));
        while (!process.WaitForExit(1))
        {
            process.Refresh();
            try
            {
                peak = Math.Max(peak, process.PeakWorkingSet64);
            }
            catch (InvalidOperationException)
            {
                // It ended between the two looks.
            }
            if (Stopwatch.GetElapsedTime(begin) <= timeout && !cancel.IsCancellationRequested) continue;
            process.Kill(entireProcessTree: true);
            cancel.ThrowIfCancellationRequested();
            return new ChildRun(Stopwatch.GetElapsedTime(begin), 0, 0, 0, true, null);
        }
        TimeSpan elapsed = Stopwatch.GetElapsedTime(begin);
        output.Wait(TimeSpan.FromSeconds(1), CancellationToken.None);
        return new ChildRun(elapsed, process.ExitCode, 0, peak, false, null);
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    private static partial int PosixSpawn(int* pid, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int InitActions(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int FreeActions(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen")]
    private static partial int AddOpen(void* actions, int file, byte* path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    private static partial int AddFolder(void* actions, byte* path);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int InitAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int FreeAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaults(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    private static partial int FillSignals(void* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static partial int EmptySignals(void* signals);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int kind, int id, void* information, int options);

    [LibraryImport("libc", EntryPoint = "wait4", SetLastError = true)]
    private static partial int WaitFor(int pid, int* status, int options, void* usage);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
