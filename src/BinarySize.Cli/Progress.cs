namespace BinarySize.Cli;

/// <summary>Says on standard error what is going on, where a human is watching and it takes more than a second.</summary>
internal sealed class Progress : IDisposable
{
    private readonly Timer? _timer;
    private readonly string _what;
    private readonly long _start = Environment.TickCount64;
    private bool _shown;

    public Progress(string what)
    {
        _what = Rendering.Escape.LogLine(what);
        if (!Console.IsErrorRedirected) _timer = new Timer(_ => Show(), null, 1000, 500);
    }

    public void Dispose()
    {
        if (_timer is null) return;
        using (var stopped = new ManualResetEvent(false))
        {
            if (_timer.Dispose(stopped)) stopped.WaitOne();
        }
        if (_shown) Console.Error.Write("\r" + new string(' ', Math.Min(78, _what.Length + 10)) + "\r");
    }

    private void Show()
    {
        _shown = true;
        string text = $"{_what} ... {(Environment.TickCount64 - _start) / 1000} s";
        Console.Error.Write("\r" + (text.Length > 78 ? text[^78..] : text));
    }
}
