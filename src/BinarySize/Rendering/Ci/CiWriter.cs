using System.Text;
using BinarySize.IO;

namespace BinarySize.Rendering.Ci;

/// <summary>Tells a system what it is to be told. What cannot be told is no reason to fail a build: it is a sentence for the log.</summary>
public static class CiWriter
{
    /// <summary>Writes files and outputs, and, unless they were said in this job before, summaries and lines.</summary>
    /// <param name="output">What is told.</param>
    /// <param name="context">Where.</param>
    /// <param name="again">True where this job has been told the same already.</param>
    /// <param name="print">Prints a line to standard output.</param>
    /// <returns>What went wrong, a sentence each.</returns>
    public static IReadOnlyList<string> Write(CiOutput output, CiContext context, bool again, Action<string> print)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(print);
        var problems = new List<string>();
        foreach (CiFile file in output.Files)
        {
            try
            {
                AtomicFile.WriteText(Path.Combine(context.Directory, file.Name), file.Content);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problems.Add($"'{file.Name}' could not be written: {e.Message}");
            }
        }
        foreach (CiAppend append in again ? output.Outputs : output.Outputs.Concat(output.Summaries))
        {
            if (SharedFile.Append(append) is { } problem) problems.Add(problem);
        }
        // Behind the files: some lines name them.
        if (!again)
        {
            foreach (string line in output.Lines) print(line);
        }
        return problems;
    }
}
