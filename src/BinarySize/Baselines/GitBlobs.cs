using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace BinarySize.Baselines;

/// <summary>Contents of a repository's objects, read from one "git cat-file --batch", one at a time and in the order asked for.</summary>
internal sealed class GitBlobs : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    // "<id> blob <size>"
    private const int LongestHeader = 200;

    private readonly Process? _process;
    private readonly Stream _output = Stream.Null;
    private readonly Timer? _timer;

    public GitBlobs(ProcessStartInfo command, IReadOnlyList<string> ids)
    {
        try
        {
            _process = Process.Start(command)!;
        }
        catch (Win32Exception)
        {
            return;
        }
        _output = new BufferedStream(_process.StandardOutput.BaseStream, 1 << 16);
        _ = _process.StandardError.ReadToEndAsync();
        // git writes while it reads: whoever asked for everything first would wait for ever.
        _ = AskAsync(_process.StandardInput.BaseStream, ids);
        _timer = new Timer(_ => End(), null, s_limit, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The next content; null with the reason where it is not there or larger than <paramref name="most"/>.</summary>
    public byte[]? Next(long most, out string problem)
    {
        problem = "git does not have its content";
        try
        {
            string header = Header();
            int space = header.LastIndexOf(' ');
            if (space < 0 || !long.TryParse(header.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long size)) return null;
            byte[]? content = size <= most ? new byte[size] : null;
            if (content is not null) _output.ReadExactly(content);
            else Skip(size);
            _output.ReadByte();
            if (content is not null && header.Contains(" blob ", StringComparison.Ordinal)) return content;
            if (content is null) problem = "it is larger than any baseline";
        }
        catch (IOException)
        {
            // git ended, or was ended.
        }
        return null;
    }

    public void Dispose()
    {
        _timer?.Dispose();
        End();
        _process?.Dispose();
    }

    private static async Task AskAsync(Stream input, IReadOnlyList<string> ids)
    {
        try
        {
            foreach (string id in ids) await input.WriteAsync(Encoding.ASCII.GetBytes(id + "\n")).ConfigureAwait(false);
            input.Close();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Nobody reads any more.
        }
    }

    private string Header()
    {
        var text = new StringBuilder();
        for (int c; (c = _output.ReadByte()) is not ('\n' or -1) && text.Length < LongestHeader;) text.Append((char)c);
        return text.ToString();
    }

    private void Skip(long count)
    {
        var buffer = new byte[1 << 16];
        for (int read; count > 0 && (read = _output.Read(buffer, 0, (int)Math.Min(count, buffer.Length))) > 0;) count -= read;
    }

    private void End()
    {
        try
        {
            if (_process is { HasExited: false }) _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It ended by itself.
        }
    }
}
