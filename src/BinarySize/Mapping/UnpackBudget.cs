namespace BinarySize.Mapping;

/// <summary>
/// How much one mapped file, with all that is nested in it, may still unpack. It bounds memory and time against archives
/// that unpack to far more than they are.
/// </summary>
public sealed class UnpackBudget
{
    /// <summary>Most bytes that one entry may unpack to.</summary>
    public const long EntryLimit = 256L << 20;

    /// <summary>Most bytes that all entries of one file may unpack to, whatever its size.</summary>
    public const long FileLimit = 1L << 30;

    // What ships unpacks to some three times its size; a hundred times is no longer a program but a bomb.
    private const long FileRatio = 128, FileFloor = 64L << 20, EntryRatio = 64, EntryFloor = 16L << 20;

    private bool _told;

    /// <param name="fileSize">Size in bytes of the file on disk.</param>
    public UnpackBudget(long fileSize) => Left = Math.Min(FileLimit, Math.Max(FileFloor, Math.Min(fileSize, FileLimit) * FileRatio));

    /// <summary>Bytes that may still be unpacked.</summary>
    public long Left { get; private set; }

    /// <summary>Most bytes that an entry of <paramref name="compressed"/> bytes may unpack to now.</summary>
    public long LimitFor(long compressed) =>
        Math.Min(Left, Math.Min(EntryLimit, Math.Max(EntryFloor, Math.Min(compressed, EntryLimit) * EntryRatio)));

    /// <summary>Takes unpacked bytes off.</summary>
    public void Spend(long bytes) => Left = Math.Max(0, Left - bytes);

    /// <summary>True the first time: the limit is told once a file.</summary>
    public bool TellOnce() => !_told && (_told = true);
}
