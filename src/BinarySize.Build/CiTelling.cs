using System.Security.Cryptography;
using System.Text;
using BinarySize.IO;
using BinarySize.Rendering.Ci;

namespace BinarySize.Build;

/// <summary>Tells a CI system what a stage came to: at the last stage of a command, and the same thing once in a job.</summary>
internal sealed class CiTelling(string stage, string stateDirectory, CiContext context)
{
    /// <summary>Tells it. Returns what could not be told, a sentence each.</summary>
    /// <param name="system">Who listens.</param>
    /// <param name="message">What.</param>
    /// <param name="isLast">False where this command goes on to a stage that is told as a whole: then only errors and warnings are.</param>
    /// <param name="print">Prints a line.</param>
    public IReadOnlyList<string> Tell(CiSystem system, CiMessage message, bool isLast, Action<string> print)
    {
        if (!isLast) message = message with { Summary = "", Comment = "", Figures = [] };
        string record = Path.Combine(stateDirectory, $"{stage}.told");
        string? content = Content(system, message);
        bool again = content is not null && content == Read(record);
        IReadOnlyList<string> problems = CiWriter.Write(CiSink.Tell(system, message, context), context, again, print);
        if (content is null || again || problems.Count > 0) return problems;
        try
        {
            AtomicFile.WriteText(record, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [$"That {stage} was told is not kept: {e.Message}"];
        }
        return problems;
    }

    // The job and what it was told, in short; null where the job is not known.
    private string? Content(CiSystem system, CiMessage message)
    {
        if (CiSystems.Job(system, context.Variables) is not { } job) return null;
        var text = new StringBuilder().Append(system).Append('\n').Append(job).Append('\n').Append(message.Summary);
        foreach (CiFinding finding in message.Findings) text.Append('\n').Append(finding);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string? Read(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
