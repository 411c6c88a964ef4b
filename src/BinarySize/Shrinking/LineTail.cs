using System.Text;

namespace BinarySize.Shrinking;

/// <summary>The last lines of a stream, whatever comes: the number of lines and the length of each are bounded.</summary>
internal sealed class LineTail(int maxLines)
{
    private const int MaxLength = 1000;

    private readonly Queue<string> _lines = new();
    private readonly StringBuilder _line = new();

    /// <summary>Reads to the end of the stream. Ends quietly where the stream is closed meanwhile.</summary>
    public async Task ReadAsync(StreamReader reader)
    {
        char[] buffer = new char[4096];
        try
        {
            int count;
            while ((count = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0) Add(buffer.AsSpan(0, count));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The reader is gone; what was read stays.
        }
    }

    /// <summary>The same on this thread.</summary>
    public void Read(StreamReader reader)
    {
        char[] buffer = new char[4096];
        try
        {
            int count;
            while ((count = reader.Read(buffer, 0, buffer.Length)) > 0) Add(buffer.AsSpan(0, count));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The reader is gone; what was read stays.
        }
    }

    public IReadOnlyList<string> Lines()
    {
        lock (_lines)
        {
            string rest = _line.ToString().Trim();
            return rest.Length == 0 ? [.. _lines] : [.. _lines.Skip(Math.Max(0, _lines.Count + 1 - maxLines)), rest];
        }
    }

    private void Add(ReadOnlySpan<char> text)
    {
        lock (_lines)
        {
            foreach (char c in text)
            {
                // A carriage return alone begins a line anew: progress bars.
                if (c is '\n' or '\r') EndLine();
                else if (_line.Length < MaxLength) _line.Append(c);
            }
        }
    }

    private void EndLine()
    {
        string line = _line.ToString().Trim();
        _line.Clear();
        if (line.Length == 0) return;
        if (_lines.Count == maxLines) _lines.Dequeue();
        _lines.Enqueue(line);
    }
}
