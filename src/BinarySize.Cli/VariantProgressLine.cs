using System.Globalization;
using BinarySize.Variants;

namespace BinarySize.Cli;

/// <summary>Says on standard error which variants are being built, where a human is watching.</summary>
internal sealed class VariantProgressLine : IDisposable
{
    private const int Width = 78;

    private readonly Timer? _timer;
    private readonly Func<VariantProgress> _progress;

    public VariantProgressLine(Func<VariantProgress> progress)
    {
        _progress = progress;
        if (!Console.IsErrorRedirected) _timer = new Timer(_ => Show(), null, 500, 500);
    }

    /// <summary>What is said in front of the variants.</summary>
    public string What { get; set; } = "";

    public void Dispose()
    {
        if (_timer is null) return;
        using (var stopped = new ManualResetEvent(false))
        {
            if (_timer.Dispose(stopped)) stopped.WaitOne();
        }
        Console.Error.Write("\r" + new string(' ', Width) + "\r");
    }

    private void Show()
    {
        VariantProgress progress = _progress();
        IEnumerable<string> running = progress.Running.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Name} {r.Seconds:0} s{(r.Expected is { } expected ? $" of about {expected:0} s" : "")}"));
        string text = Rendering.Escape.Ascii($"[{progress.Done}/{progress.All}] {What}{string.Join(", ", running)}", Width);
        Console.Error.Write("\r" + text.PadRight(Width));
    }
}
