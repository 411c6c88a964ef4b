using System.Runtime.InteropServices;

namespace BinarySize.IO;

/// <summary>
/// Blocks of memory that go back to the system as soon as they are freed. The allocator of the C library would keep most
/// of them, between others that are still in use, and the tables of one stage would add to those of the next.
/// </summary>
internal static unsafe partial class NativeBlocks
{
    /// <summary>Bytes in a block.</summary>
    public const int Size = 128 * 1024;

    // A few stay at hand, for archives with thousands of small members.
    private static nint[] s_spare = new nint[8];

    // Linux on every architecture that .NET runs on.
    private const int ReadWrite = 3, PrivateAnonymous = 0x22, Populate = 0x8000, DontNeed = 4;

    /// <summary>Freed blocks stay at hand from here on, up to 32 MiB of them: for a process that soon ends, before it has any.</summary>
    public static void KeepFreed() => s_spare = new nint[256];

    /// <summary>A block of <see cref="Size"/> bytes with any content.</summary>
    /// <param name="isAllUsed">True where it will be filled: its pages then come at once, which costs a fraction of coming one by one.</param>
    public static void* Allocate(bool isAllUsed = false)
    {
        for (int i = 0; i < s_spare.Length; i++)
        {
            if (Interlocked.Exchange(ref s_spare[i], 0) is not 0 and nint spare) return (void*)spare;
        }
        if (!OperatingSystem.IsLinux()) return NativeMemory.Alloc(Size);
        void* block = Map(null, Size, ReadWrite, isAllUsed ? PrivateAnonymous | Populate : PrivateAnonymous, -1, 0);
        return (nint)block == -1 ? throw new InsufficientMemoryException() : block;
    }

    public static void Free(void* block)
    {
        if (block is null) return;
        for (int i = 0; i < s_spare.Length; i++)
        {
            if (Interlocked.CompareExchange(ref s_spare[i], (nint)block, 0) == 0) return;
        }
        if (OperatingSystem.IsLinux()) _ = Unmap(block, Size);
        else NativeMemory.Free(block);
    }

    /// <summary>Takes the pages of a mapping that is backed by a file out of memory's account; reading brings them back. Linux only.</summary>
    public static void Release(void* mapping, long length) => _ = Advise(mapping, (nuint)length, DontNeed);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
