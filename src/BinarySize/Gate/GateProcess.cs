using BinarySize.IO;
using BinarySize.Shrinking;

namespace BinarySize.Gate;

/// <summary>
/// The gate in a process of its own. Compiled ahead of time it takes a quarter of the CPU that the same code takes in a build,
/// where the runtime compiles it anew each time. What needs the build itself it leaves to the caller.
/// </summary>
public static class GateProcess
{
    // Not among the codes that a shell, a loader or a signal leaves behind.
    private const int Lasting = 40, NotLasting = 41, Declined = 42;

    /// <summary>Runs the gate of a request in <paramref name="program"/>; null where that can't be, or declines.</summary>
    /// <param name="program">An executable whose Main is <see cref="Serve"/>.</param>
    /// <param name="request">What there is to do.</param>
    /// <param name="problem">Why there is no outcome, for a log.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static GateOutcome? TryRun(string program, GateRequest request, out string problem, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        // Two builds of one project may be at it at once.
        string asked = Path.Combine(request.StateDirectory, Guid.NewGuid().ToString("N") + ".request"), answered = Path.ChangeExtension(asked, ".answer");
        try
        {
            request.Write(asked);
            ToolRun run = ExternalTool.RunQuiet(program, [asked, answered], Path.GetDirectoryName(request.ProjectFile), cancel);
            bool isKnown = run.End == ToolEnd.Exited && run.ExitCode is Lasting or NotLasting;
            if (isKnown && GateState.TryRead(answered, key: null) is { } state)
            {
                problem = "";
                return new GateOutcome(state, run.ExitCode == Lasting);
            }
            problem = run.ExitCode == Declined ? "what keeps something in an app is asked inside the build" : run.Describe();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
        }
        finally
        {
            Remove(asked);
            Remove(answered);
        }
        return null;
    }

    /// <summary>What the executable does: reads a request, writes the state that it came to.</summary>
    /// <param name="arguments">Paths of the two files.</param>
    /// <returns>The exit code.</returns>
    public static int Serve(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.Length != 2 || GateRequest.TryRead(arguments[0]) is not { } request)
        {
            Console.Error.WriteLine("This is the part of BinarySize.Build that measures. It is started by a build, with two files.");
            return 2;
        }
        NativeBlocks.KeepFreed();
        NativeBlocks.PrepareHeap();
        try
        {
            GateOutcome outcome = StageGate.Run(request, (_, _, _) => request.CanAskWhy ? throw new DeclinedException() : null, FileAccessMode.MapAndKeep);
            outcome.State.Write(arguments[1]);
            return outcome.IsLasting ? Lasting : NotLasting;
        }
        catch (DeclinedException)
        {
            return Declined;
        }
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What stays is in the intermediate output, and goes with the next clean.
        }
    }

    private sealed class DeclinedException : Exception;
}
