using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using BinarySize.IO;

namespace BinarySize.Shrinking;

/// <summary>A step's result on a file, made now or earlier.</summary>
/// <param name="Result">What the step said.</param>
/// <param name="Output">Name of the output in the cache; empty where there is none.</param>
/// <param name="Hash">SHA-256 of the output in hexadecimal; empty where there is none.</param>
/// <param name="Seconds">How long it took when it was made.</param>
internal sealed record MadeStep(StepResult Result, string Output, string Hash, double Seconds);

/// <summary>
/// Outputs of steps in the intermediate folder, by what decides them: the input's bytes, the step, its settings. A publish
/// that copies the same executable again gets the same packed one back without packing.
/// </summary>
internal sealed class StepCache(string folder)
{
    // Raised when the layout of a record changes.
    private const int Version = 1;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>Path of an output.</summary>
    public string PathOf(string output) => Path.Combine(folder, output);

    /// <summary>A record of what was made, or makes it.</summary>
    /// <param name="step">The step.</param>
    /// <param name="input">The file.</param>
    /// <param name="hash">SHA-256 of its bytes.</param>
    /// <param name="name">The file's name for messages.</param>
    /// <param name="progress">Takes what a human who waits wants to know.</param>
    /// <param name="cancel">Ends it.</param>
    public MadeStep Make(IFileStep step, string input, string hash, string name, Action<string> progress, CancellationToken cancel)
    {
        string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{hash}\n{step.Name}\n{step.Settings}")))[..32];
        string output = $"{key}-{step.Name}";
        _used.Add(output);
        _used.Add(output + ".step");
        string record = PathOf(output) + ".step";
        if (TryRead(record, output) is { } known) return known;

        Directory.CreateDirectory(folder);
        string part = PathOf(output) + ".part";
        File.Delete(part);
        long begin = Stopwatch.GetTimestamp();
        StepResult result;
        using (var patience = new Timer(_ => progress($"{step.Name} {name}: still at work after {(int)Stopwatch.GetElapsedTime(begin).TotalSeconds} s"), null, s_patience, s_patience))
        {
            try
            {
                result = step.Apply(input, part, cancel);
                cancel.ThrowIfCancellationRequested();
                if (result.Outcome == StepOutcome.Applied) result = Measured(input, part, result);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                File.Delete(part);
                long size = new FileInfo(input).Length;
                return new MadeStep(new StepResult(StepOutcome.Failed, size, size, ShrinkCodes.NoRoom, $"its output could not be written: {e.Message}"), "", "", 0);
            }
            catch (OperationCanceledException)
            {
                File.Delete(part);
                throw;
            }
        }
        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        if (result.Outcome != StepOutcome.Applied)
        {
            File.Delete(part);
            var nothing = new MadeStep(result, "", "", seconds);
            // What failed or was not there may go well the next time.
            if (result.Outcome is StepOutcome.Refused or StepOutcome.NoGain) Write(record, nothing);
            return nothing;
        }
        var made = new MadeStep(result, output, FileHash.Of(part), seconds);
        File.Move(part, PathOf(output), overwrite: true);
        Write(record, made);
        return made;
    }

    /// <summary>Deletes what no folder's state refers to and this session did not use.</summary>
    public void Prune(IEnumerable<string> referred)
    {
        if (!Directory.Exists(folder)) return;
        var kept = new HashSet<string>(_used, StringComparer.Ordinal);
        foreach (string output in referred)
        {
            kept.Add(output);
            kept.Add(output + ".step");
        }
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            if (!kept.Contains(Path.GetFileName(file))) File.Delete(file);
        }
    }

    // A step's word on what it saved is not taken.
    private static StepResult Measured(string input, string output, StepResult result)
    {
        long before = new FileInfo(input).Length;
        var made = new FileInfo(output);
        if (!made.Exists) return new StepResult(StepOutcome.Failed, before, before, ShrinkCodes.NoRoom, "it left no output", result.Tool);
        return made.Length < before
            ? result with { Before = before, After = made.Length }
            : new StepResult(StepOutcome.NoGain, before, before, null, $"it would take {made.Length} bytes instead of {before}", result.Tool);
    }

    private MadeStep? TryRead(string record, string output)
    {
        return KeptFile.TryRead(record, Version, reader =>
        {
            var outcome = (StepOutcome)reader.ReadByte();
            long before = reader.ReadInt64(), after = reader.ReadInt64();
            string code = reader.ReadString(), reason = reader.ReadString(), tool = reader.ReadString(), hash = reader.ReadString();
            double seconds = reader.ReadDouble();
            var result = new StepResult(outcome, before, after, Blank(code), Blank(reason), Blank(tool));
            if (outcome != StepOutcome.Applied) return new MadeStep(result, "", "", seconds);
            // A cache on a disk that was full may hold half a file.
            var file = new FileInfo(PathOf(output));
            return file.Exists && file.Length == after && FileHash.Of(file.FullName) == hash ? new MadeStep(result, output, hash, seconds) : null;
        });
    }

    private static void Write(string record, MadeStep made)
    {
        KeptFile.Write(record, Version, writer =>
        {
            writer.Write((byte)made.Result.Outcome);
            writer.Write(made.Result.Before);
            writer.Write(made.Result.After);
            writer.Write(made.Result.Code ?? "");
            writer.Write(made.Result.Reason ?? "");
            writer.Write(made.Result.Tool ?? "");
            writer.Write(made.Hash);
            writer.Write(made.Seconds);
        });
    }

    private static string? Blank(string text) => text.Length == 0 ? null : text;
}

/// <summary>Hashes of files.</summary>
internal static class FileHash
{
    /// <summary>SHA-256 of a file's bytes in hexadecimal.</summary>
    public static string Of(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
